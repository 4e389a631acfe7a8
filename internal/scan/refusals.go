package scan

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/connectd/connectd/internal/db"
)

const refusalsRead = 1000 // in one statement

// Refusal is an account that could not be taken. SellerID is "" where nobody is named.
type Refusal struct {
	AccountID string `json:"account_id"`
	SellerID  string `json:"seller_id"`
	Why       string `json:"why"`
}

func (i *Importer) refuse(ctx context.Context, walkID string, refused []Refusal) error {
	if len(refused) == 0 {
		return nil
	}
	encoded, err := json.Marshal(refused)
	if err != nil {
		return wrapped("encode what could not be taken", err)
	}
	return wrapped("keep what could not be taken", i.q.Refuse(ctx, db.RefuseParams{ListingID: walkID, Refusals: encoded}))
}

// refuseUnlisted refuses what a file names and Stripe does not: it was neither taken nor refused.
func (i *Importer) refuseUnlisted(ctx context.Context, walkID string, sellers Sellers) error {
	for ids := range slices.Chunk(sellers.ids(), refusalsRead) {
		taken, err := i.takenOrRefused(ctx, walkID, sellers, ids)
		if err != nil {
			return err
		}
		var refused []Refusal
		for _, id := range ids {
			if !taken[id] {
				refused = append(refused, Refusal{AccountID: id, SellerID: namesOf(sellers.file[id]), Why: whyUnlisted(id)})
			}
		}
		if err := i.refuse(ctx, walkID, refused); err != nil {
			return err
		}
	}
	return nil
}

func whyUnlisted(id string) string {
	if !strings.HasPrefix(id, "acct_") {
		return "it is no account's id (acct_…)"
	}
	return "Stripe does not list it: it is not connected to the platform"
}

func (i *Importer) takenOrRefused(ctx context.Context, walkID string, sellers Sellers, ids []string) (map[string]bool, error) {
	holders, err := i.q.Holders(ctx, ids)
	if err != nil {
		return nil, wrapped("read who holds the file's accounts", err)
	}
	refused, err := i.q.RefusedOf(ctx, db.RefusedOfParams{ListingID: walkID, Ids: ids})
	if err != nil {
		return nil, wrapped("read what could not be taken", err)
	}
	taken := make(map[string]bool, len(ids))
	for _, id := range refused {
		taken[id] = true
	}
	for _, h := range holders {
		if h.DisconnectedAt == nil && slices.Contains(sellers.file[h.ID], h.SellerID) {
			taken[h.ID] = true
		}
	}
	return taken, nil
}

func (i *Importer) tellRefused(ctx context.Context, walkID string, tell func(Refusal)) (n int64, err error) {
	params := db.RefusalsParams{ListingID: walkID, N: refusalsRead}
	for {
		rows, err := i.q.Refusals(ctx, params)
		if err != nil {
			return n, wrapped("read what could not be taken", err)
		}
		for _, row := range rows {
			tell(Refusal{AccountID: row.AccountID, SellerID: row.SellerID, Why: row.Why})
			params.AfterAccount, params.AfterSeller = row.AccountID, row.SellerID
		}
		n += int64(len(rows))
		if len(rows) < refusalsRead {
			return n, nil
		}
	}
}
