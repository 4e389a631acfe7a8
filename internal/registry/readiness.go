package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// Readiness says whether the seller can transact, as last published. A seller who is not known is not connected: that is
// an answer, not an error. A seller_id that can't be one is an account.Error.
func (r *Registry) Readiness(ctx context.Context, sellerID string) (client.Readiness, error) {
	ready, _, err := r.ReadinessOf(ctx, sellerID)
	return ready, err
}

var errNoFeed = errors.New("the table feed has lost its one row: restore the database from a backup, and run connectd migrate restored")

// ReadinessBatch answers for each of the ids, in their order, all as of one place.
func (r *Registry) ReadinessBatch(ctx context.Context, sellerIDs []string) ([]client.Readiness, Place, error) {
	for _, id := range sellerIDs {
		if err := account.CheckSellerID(id); err != nil {
			return nil, Place{}, err
		}
	}
	rows, err := r.q.ReadinessNow(ctx, sellerIDs)
	if err != nil {
		return nil, Place{}, fmt.Errorf("read readiness: %w", err)
	}
	if len(rows) == 0 {
		return nil, Place{}, errNoFeed
	}
	if err := r.TakeUpPolicy(ctx, r.q, rows[0].PolicyVersion); err != nil {
		return nil, Place{}, err
	}
	at := Place{rows[0].Epoch, rows[0].Position}
	r.Reach(at)
	found, err := r.inOrder(sellerIDs, rows)
	return found, at, err
}

func (r *Registry) inOrder(sellerIDs []string, rows []db.ReadinessNowRow) ([]client.Readiness, error) {
	byID := make(map[string]db.ReadinessNowRow, len(rows))
	for _, row := range rows {
		byID[row.ID] = row
	}
	found := make([]client.Readiness, len(sellerIDs))
	for i, id := range sellerIDs {
		row, ok := byID[id]
		if !ok {
			found[i] = NeverConnected(id)
			continue
		}
		var err error
		if found[i], err = r.read(row.Readiness, row.Version); err != nil {
			return nil, fmt.Errorf("readiness of seller %s as stored: %w", id, err)
		}
	}
	return found, nil
}

// read decodes what is stored as readiness, and judges it.
func (r *Registry) read(stored []byte, version int64) (client.Readiness, error) {
	ready, err := decodePublished(stored, version)
	r.JudgeAge(&ready)
	return ready, err
}

func decodePublished(stored []byte, version int64) (ready client.Readiness, err error) {
	err = json.Unmarshal(stored, &ready)
	ready.Version = version
	return ready, err
}

// JudgeAge adds what is only known when readiness is read: whether its last check is too long ago, and what the policy makes
// of that.
func (r *Registry) JudgeAge(ready *client.Readiness) {
	r.judgeStale(ready, r.cfg.Now(), r.policy.Load().Policy)
}

// Staleness is what JudgeAge goes by: after how long without a check readiness is stale, and whether that is a no.
func (r *Registry) Staleness() (after time.Duration, deny bool) {
	return r.cfg.StaleAfter, r.policy.Load().DenyWhenStale
}

// judgeStale judges a readiness as it is read at a moment, under the policy of then. It is not stale before the first check:
// then it says not_checked.
func (r *Registry) judgeStale(ready *client.Readiness, at time.Time, p account.Policy) {
	ready.Stale = r.stale(ready.CheckedAt, at)
	if ready.Stale && ready.CanTransact && p.DenyWhenStale {
		denyStale(ready)
	}
}

func denyStale(ready *client.Readiness) {
	ready.CanTransact = false
	ready.Reasons = append([]client.Reason{{
		Code: string(account.CodeStale), Who: string(account.Platform),
		Message: "The account was not checked for too long.",
	}}, ready.Reasons...)
}

// EnsureSeller makes the seller known, with an e-mail address unless it is "".
func (r *Registry) EnsureSeller(ctx context.Context, sellerID, email string) error {
	if err := account.CheckSellerID(sellerID); err != nil {
		return err
	}
	err := r.q.EnsureSeller(ctx, db.EnsureSellerParams{ID: sellerID, Email: orNil(email), CreatedAt: r.now()})
	if err != nil {
		return fmt.Errorf("store seller %s: %w", sellerID, err)
	}
	return nil
}

// EverConnected tells which of the sellers were ever connected.
func (r *Registry) EverConnected(ctx context.Context, sellerIDs []string) ([]string, error) {
	ids, err := r.q.SellersEverConnected(ctx, sellerIDs)
	if err != nil {
		return nil, fmt.Errorf("read sellers: %w", err)
	}
	return ids, nil
}
