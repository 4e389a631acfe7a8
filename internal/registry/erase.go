package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// EraseSeller erases a seller's e-mail address and name, in the history and in stored payloads too, and the notes, and keeps the
// rest of the history. The name is the account's: of an account that the seller held last it goes from the history of those who held
// it before, too. It is account.NotFound for a seller who is not known, and account.Conflict while one is connected. Followers
// of the feed learn of it as of a change.
func (r *Registry) EraseSeller(ctx context.Context, sellerID string, by account.Actor) error {
	if err := account.CheckSellerID(sellerID); err != nil {
		return err
	}
	e := erasure{q: r.q, group: r.newGroup(), sellerID: sellerID, eraseTold: r.cfg.Erase}
	err := pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		e.q, e.tx = r.q.WithTx(tx), tx
		return e.run(ctx, by)
	})
	if err == nil {
		r.Reach(e.written.last)
	}
	return err
}

// erasure is one seller's, in one transaction that locks as the committer does: accounts, sellers, the feed.
type erasure struct {
	q        *db.Queries
	tx       pgx.Tx
	group    *group
	sellerID string
	accounts []string // that the seller held last
	holders  []db.LockHoldersRow
	written  writes

	eraseTold func(ctx context.Context, tx pgx.Tx, sellerID string, accounts []string) error
}

func (e *erasure) run(ctx context.Context, by account.Actor) error {
	seller, err := e.lock(ctx)
	if err != nil {
		return err
	}
	if err := e.erasePayloads(ctx); err != nil {
		return err
	}
	e.group.audited = append(e.group.audited, auditEntry{
		Actor: by.Name, Address: orNil(by.Address), Action: "erase", AccountID: client.Text(seller.AccountID), SellerID: e.sellerID,
	})
	if err := e.publish(ctx); err != nil {
		return err
	}
	if err := e.q.EraseNotes(ctx, db.EraseNotesParams{SellerID: e.sellerID, AccountIds: e.accounts}); err != nil {
		return fmt.Errorf("erase notes on the accounts of seller %s: %w", e.sellerID, err)
	}
	if err := e.q.EraseNames(ctx, e.sellerID); err != nil {
		return fmt.Errorf("erase names of seller %s: %w", e.sellerID, err)
	}
	if err := e.q.EraseEmail(ctx, e.sellerID); err != nil {
		return fmt.Errorf("erase the e-mail address of seller %s: %w", e.sellerID, err)
	}
	if err := e.eraseHistory(ctx); err != nil {
		return err
	}
	return e.eraseTold(ctx, e.tx, e.sellerID, e.accounts)
}

// lock returns the seller, where one can be erased.
func (e *erasure) lock(ctx context.Context) (seller db.LockHoldersRow, err error) {
	if e.accounts, err = e.q.LockAccountsOfSeller(ctx, e.sellerID); err != nil {
		return seller, fmt.Errorf("lock accounts of seller %s: %w", e.sellerID, err)
	}
	e.holders, err = e.q.LockHolders(ctx, db.LockHoldersParams{SellerID: e.sellerID, AccountIds: e.accounts})
	if err != nil {
		return seller, fmt.Errorf("lock seller %s: %w", e.sellerID, err)
	}
	i := slices.IndexFunc(e.holders, func(h db.LockHoldersRow) bool { return h.ID == e.sellerID })
	switch {
	case i < 0:
		return seller, account.Errorf(account.NotFound, "There is no seller %q here.", e.sellerID)
	case e.holders[i].Connected:
		return seller, account.Errorf(account.Conflict, "The seller is connected; unlink the account first.")
	}
	return e.holders[i], nil
}

// eraseHistory comes last: what is published puts the former name into the history as what was known before.
func (e *erasure) eraseHistory(ctx context.Context) error {
	if err := e.q.EraseHistory(ctx, e.sellerID); err != nil {
		return fmt.Errorf("erase the history of seller %s: %w", e.sellerID, err)
	}
	sellers := make([]string, len(e.holders))
	for i, holder := range e.holders {
		sellers[i] = holder.ID
	}
	err := e.q.EraseAccountHistory(ctx, db.EraseAccountHistoryParams{AccountIds: e.accounts, SellerIds: sellers})
	if err != nil {
		return fmt.Errorf("erase the history of the accounts of seller %s: %w", e.sellerID, err)
	}
	return nil
}

// publish makes the nameless readiness known where a name was, and writes the audit.
func (e *erasure) publish(ctx context.Context) error {
	e.written = writes{at: e.group.now}
	w := &e.written
	for _, holder := range e.holders {
		if holder.ID != e.sellerID && !slices.Contains(e.accounts, client.Text(holder.AccountID)) {
			continue // another account is theirs since
		}
		if err := w.rename(e, holder); err != nil {
			return err
		}
	}
	batch := &jsonBatch{Batch: &pgx.Batch{}}
	e.group.queueWrites(batch, w)
	if batch.err != nil {
		return batch.err
	}
	if err := e.tx.SendBatch(ctx, batch.Batch).Close(); err != nil {
		return fmt.Errorf("publish the erasure of seller %s: %w", e.sellerID, err)
	}
	return nil
}

func (w *writes) rename(e *erasure, of db.LockHoldersRow) error {
	if of.Readiness == nil {
		return nil
	}
	var ready client.Readiness
	if err := json.Unmarshal(of.Readiness, &ready); err != nil {
		return fmt.Errorf("readiness of seller %s as stored: %w", of.ID, err)
	}
	if ready.DisplayName == nil {
		return nil
	}
	ready.DisplayName = nil
	p := &publication{
		seller: &holder{id: of.ID}, accountID: client.Text(ready.AccountID), readiness: ready,
		cause: Observation{source: Person}, policy: e.group.policy.version,
	}
	_, err := w.publish(p, map[string]int64{})
	return err
}

const payloadPage = 500

// erasePayloads takes names out of stored payloads; they hold nothing else that is personal.
func (e *erasure) erasePayloads(ctx context.Context) error {
	for after := ""; ; {
		rows, err := e.q.PayloadsOfSeller(ctx, db.PayloadsOfSellerParams{
			SellerID: e.sellerID, AccountIds: e.accounts, After: after, N: payloadPage,
		})
		if err != nil {
			return fmt.Errorf("read payloads of seller %s: %w", e.sellerID, err)
		}
		for _, row := range rows {
			after = row.ID
			nameless := withoutNames(*row.Payload)
			if err := e.q.ReplacePayload(ctx, db.ReplacePayloadParams{ID: row.ID, Payload: &nameless}); err != nil {
				return fmt.Errorf("replace the payload of event %s: %w", row.ID, err)
			}
		}
		if len(rows) < payloadPage {
			return nil
		}
	}
}

// withoutNames drops the places of an account's name from a stored event. A payload that can't be read goes whole.
func withoutNames(payload string) string {
	var event map[string]json.RawMessage
	var data map[string]json.RawMessage
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(payload), &event) != nil || json.Unmarshal(event["data"], &data) != nil ||
		json.Unmarshal(data["object"], &object) != nil {
		return "{}"
	}
	for _, place := range []string{"display_name", "settings", "business_profile"} {
		delete(object, place)
	}
	var err error
	if data["object"], err = json.Marshal(object); err != nil {
		return "{}"
	}
	if event["data"], err = json.Marshal(data); err != nil {
		return "{}"
	}
	nameless, err := json.Marshal(event)
	if err != nil {
		return "{}"
	}
	return string(nameless)
}
