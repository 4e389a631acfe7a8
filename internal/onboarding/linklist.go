package onboarding

import (
	"context"
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// KnownLink is a link as it is kept: without its address, of which only a hash is stored.
type KnownLink struct {
	ID          string     `json:"id"`
	SellerID    string     `json:"seller_id"`
	ExpiresAt   time.Time  `json:"expires_at"`
	MayUnlink   bool       `json:"may_unlink"`
	CreatedAt   time.Time  `json:"created_at"`
	FirstUsedAt *time.Time `json:"first_used_at"`
	LastUsedAt  *time.Time `json:"last_used_at"`
}

// Links lists the links that can be used at now, the newest first.
func Links(ctx context.Context, q *db.Queries, now time.Time) ([]KnownLink, error) {
	rows, err := q.UsableLinks(ctx, now)
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	links := make([]KnownLink, len(rows))
	for i, row := range rows {
		links[i] = KnownLink{
			ID: row.ID, SellerID: row.SellerID, ExpiresAt: row.ExpiresAt, MayUnlink: row.MayUnlink, CreatedAt: row.CreatedAt,
			FirstUsedAt: row.FirstUsedAt, LastUsedAt: row.LastUsedAt,
		}
	}
	return links, nil
}

// RevokeLink ends a link at once; the audit keeps by whom. One that does not exist is account.NotFound; one that is revoked stays as it is.
func RevokeLink(ctx context.Context, q *db.Queries, id string, by account.Actor, now time.Time) error {
	n, err := q.RevokeLink(ctx, db.RevokeLinkParams{ID: id, At: now, Actor: by.Name, Address: by.Address})
	if err != nil {
		return fmt.Errorf("revoke link %s: %w", id, err)
	}
	if n == 0 {
		return noSuchLink(id)
	}
	return nil
}
