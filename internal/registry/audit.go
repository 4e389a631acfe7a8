package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// Act is what somebody did, as the audit keeps it. The audit is only ever added to, so nothing personal stands in it.
type Act struct {
	ID     int64
	At     time.Time
	By     account.Actor
	Action string // what was done, such as "unlink"
	// Subject is to what beside an account or a seller: the id of a key, a link, a pass, an event, a note; of "reassign" it is who
	// held the account before, of "unlink" it is "forced" where the account worked; ""
	Subject   string
	AccountID string // "": of no account
	SellerID  string // "": of no seller
	KeyName   string // of the API key by which it was done; "". It is read, and not kept
}

// Record adds an act that has no other effect on the database to the audit. Those that have are added in their effects'
// transactions.
func Record(ctx context.Context, q *db.Queries, a Act) error {
	err := q.RecordAct(ctx, db.RecordActParams{
		At: a.At, Actor: a.By.Name, Address: a.By.Address, Action: a.Action, Subject: a.Subject, AccountID: a.AccountID,
		SellerID: a.SellerID,
	})
	if err != nil {
		return fmt.Errorf("write %s of %s into the audit: %w", a.Action, a.By.Name, err)
	}
	return nil
}

// Rechecking adds to the audit that somebody asks for a check of the account. An unknown one is account.NotFound.
func (r *Registry) Rechecking(ctx context.Context, accountID string, by account.Actor) error {
	row, err := r.row(ctx, accountID)
	if err != nil {
		return err
	}
	return Record(ctx, r.q, Act{At: r.now(), By: by, Action: "recheck", AccountID: row.ID, SellerID: row.SellerID})
}

// Unlinking adds to the audit that somebody has Stripe deauthorize the account: who did stands there also where Stripe's answer,
// or what connectd makes of it, is lost.
func (r *Registry) Unlinking(ctx context.Context, a client.Account, by account.Actor) error {
	act := Act{At: r.now(), By: by, Action: "unlink", AccountID: a.ID, SellerID: a.SellerID}
	if !a.AllowUnlink {
		act.Subject = "forced"
	}
	return Record(ctx, r.q, act)
}

// Acts are what was done to the account, and to its seller without naming an account (links), newest first, at most limit of
// them, from before an act's id (0: from the newest).
func (r *Registry) Acts(ctx context.Context, a client.Account, before int64, limit int) ([]Act, error) {
	if before == 0 {
		before = maxPosition
	}
	rows, err := r.q.ActsOnAccount(ctx, db.ActsOnAccountParams{AccountID: a.ID, SellerID: a.SellerID, Before: before, N: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("read the audit of account %s: %w", a.ID, err)
	}
	acts := make([]Act, len(rows))
	for i, row := range rows {
		acts[i] = Act{
			ID: row.ID, At: row.At, By: account.Actor{Name: row.Actor, Address: client.Text(row.Address)}, Action: row.Action,
			Subject: client.Text(row.Subject), AccountID: client.Text(row.AccountID), SellerID: client.Text(row.SellerID),
			KeyName: client.Text(row.KeyName),
		}
	}
	return acts, nil
}

// auditEntry is what a person did, as a group or an erasure writes it.
type auditEntry struct {
	Actor     string  `json:"actor"`
	Address   *string `json:"address"`
	Action    string  `json:"action"`
	Subject   *string `json:"subject"`
	AccountID string  `json:"account_id"`
	SellerID  string  `json:"seller_id"`
}

// auditReassignment is for one that a person asked for.
func (g *group) auditReassignment(o Observation, former string) {
	if o.actor.Name == "" {
		return
	}
	g.audited = append(g.audited, auditEntry{
		Actor: o.actor.Name, Address: orNil(o.actor.Address), Action: "reassign", Subject: &former, AccountID: o.accountID,
		SellerID: o.sellerID,
	})
}

// Replaying adds to the audit that somebody has an event applied again.
func (r *Registry) Replaying(ctx context.Context, e StoredEvent, by account.Actor) error {
	return Record(ctx, r.q, Act{At: r.now(), By: by, Action: "replay", Subject: e.ID, AccountID: e.Account})
}

// ReplayingAll adds to the audit that somebody has the events applied again that a filter takes.
func (r *Registry) ReplayingAll(ctx context.Context, f EventFilter, by account.Actor) error {
	if err := f.check(); err != nil {
		return err
	}
	return Record(ctx, r.q, Act{At: r.now(), By: by, Action: "replay", Subject: f.subject(), AccountID: f.Account})
}
