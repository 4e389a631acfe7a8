package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// Readiness says whether the seller can transact, as last published. A seller who is not known is not connected: that is
// an answer, not an error. A seller_id that can't be one is an account.Error.
func (r *Registry) Readiness(ctx context.Context, sellerID string) (client.Readiness, error) {
	found, err := r.ReadinessBatch(ctx, []string{sellerID})
	if err != nil {
		return client.Readiness{}, err
	}
	return found[0], nil
}

// ReadinessBatch answers for each of the ids, in their order.
func (r *Registry) ReadinessBatch(ctx context.Context, sellerIDs []string) ([]client.Readiness, error) {
	for _, id := range sellerIDs {
		if err := account.CheckSellerID(id); err != nil {
			return nil, err
		}
	}
	rows, err := r.q.PublishedReadiness(ctx, sellerIDs)
	if err != nil {
		return nil, fmt.Errorf("read readiness: %w", err)
	}
	byID := make(map[string]db.PublishedReadinessRow, len(rows))
	for _, row := range rows {
		byID[row.ID] = row
	}
	found := make([]client.Readiness, len(sellerIDs))
	for i, id := range sellerIDs {
		if found[i], err = r.published(byID, id); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// published is what was last published of a seller, by the rows that were read.
func (r *Registry) published(byID map[string]db.PublishedReadinessRow, sellerID string) (client.Readiness, error) {
	row, ok := byID[sellerID]
	if !ok {
		return neverConnected(sellerID), nil
	}
	ready, err := r.read(row.Readiness, row.Version)
	if err != nil {
		return ready, fmt.Errorf("readiness of seller %s as stored: %w", sellerID, err)
	}
	return ready, nil
}

// read decodes what is stored as readiness.
func (r *Registry) read(stored []byte, version int64) (client.Readiness, error) {
	var ready client.Readiness
	if err := json.Unmarshal(stored, &ready); err != nil {
		return ready, err
	}
	r.judgeWhenRead(&ready, version)
	return ready, nil
}

// judgeWhenRead adds what is only known when readiness is read: its version, and whether its last check is too long ago.
func (r *Registry) judgeWhenRead(ready *client.Readiness, version int64) {
	ready.Version = version
	r.judgeStale(ready, r.cfg.Now(), r.policy.Load().Policy)
}

// judgeStale judges a readiness as it is read at a moment, under the policy of then. It is not stale before the first check:
// then it says not_checked.
func (r *Registry) judgeStale(ready *client.Readiness, at time.Time, p account.Policy) {
	ready.Stale = ready.CheckedAt != nil && at.Sub(*ready.CheckedAt) > r.cfg.StaleAfter
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
