package onboarding

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

// Doer is who did something, as the audit keeps it.
type Doer struct {
	Name string // an actor's; "": the audit does not have it
	Key  string // the name of the key where it was done with one; ""
}

// ListedLink is a link as it is kept, with what the audit has of it.
type ListedLink struct {
	KnownLink
	RevokedAt         *time.Time
	MadeBy, RevokedBy Doer
}

// LinkState is whether a link leads to its page.
type LinkState string

// The states.
const (
	LinkOpen    LinkState = "open"
	LinkExpired LinkState = "expired"
	LinkRevoked LinkState = "revoked"
)

// State is the link's state at a moment.
func (l ListedLink) State(now time.Time) LinkState {
	switch {
	case l.RevokedAt != nil:
		return LinkRevoked
	case !l.ExpiresAt.After(now):
		return LinkExpired
	}
	return LinkOpen
}

// Which links are listed.
type Which string

// The choices.
const (
	OpenLinks Which = "open" // those that work
	AllLinks  Which = "all"  // those that have expired or were revoked, too
)

// LinkQuery asks for a page of links, those that end last first.
type LinkQuery struct {
	Which    Which
	SellerID string // "": of all sellers
	Cursor   string // "": from the first
	Limit    int
}

// LinkPage is a page of links.
type LinkPage struct {
	Links      []ListedLink
	NextCursor string // "": this is the last
}

// linksSort names the order of cursors.
const linksSort = "-expires_at"

// Links lists links. Another list's cursor is an account.Error.
func (s *Service) Links(ctx context.Context, q LinkQuery) (LinkPage, error) {
	if !account.IsText(q.SellerID) {
		return LinkPage{}, account.InvalidField("seller_id", "This is no seller’s id.")
	}
	before, beforeID, err := registry.NewestBefore(q.Cursor, linksSort)
	if err != nil {
		return LinkPage{}, err
	}
	rows, err := s.linksBefore(ctx, q, before, beforeID)
	if err != nil {
		return LinkPage{}, fmt.Errorf("list links: %w", err)
	}
	var page LinkPage
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		last := rows[q.Limit-1]
		page.NextCursor = registry.CursorAt(linksSort, last.ExpiresAt, last.ID)
	}
	page.Links, err = s.listed(ctx, rows)
	return page, err
}

func (s *Service) linksBefore(ctx context.Context, q LinkQuery, before time.Time, beforeID string) ([]db.OnboardingLink, error) {
	p := db.LinksBeforeParams{Before: before, BeforeID: beforeID, EndsAfter: s.now(), N: int32(q.Limit) + 1}
	if q.Which == AllLinks {
		p.EndsAfter, p.Revoked = time.Time{}, true
	}
	if q.SellerID == "" {
		return s.cfg.Queries.LinksBefore(ctx, p)
	}
	return s.cfg.Queries.SellersLinksBefore(ctx, db.SellersLinksBeforeParams{
		SellerID: q.SellerID, Before: p.Before, BeforeID: p.BeforeID, EndsAfter: p.EndsAfter, Revoked: p.Revoked, N: p.N,
	})
}

// Link is the link of the id. One that does not exist is account.NotFound.
func (s *Service) Link(ctx context.Context, id string) (ListedLink, error) {
	if !account.IsText(id) {
		return ListedLink{}, noSuchLink(id)
	}
	row, err := s.cfg.Queries.Link(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return ListedLink{}, noSuchLink(id)
	}
	if err != nil {
		return ListedLink{}, fmt.Errorf("read link %s: %w", id, err)
	}
	links, err := s.listed(ctx, []db.OnboardingLink{row})
	if err != nil {
		return ListedLink{}, err
	}
	return links[0], nil
}

// RevokeLink is the package's.
func (s *Service) RevokeLink(ctx context.Context, id string, by account.Actor) error {
	if !account.IsText(id) {
		return noSuchLink(id)
	}
	return RevokeLink(ctx, s.cfg.Queries, id, by, s.now())
}

// listed adds to links who made them and who revoked them first.
func (s *Service) listed(ctx context.Context, rows []db.OnboardingLink) ([]ListedLink, error) {
	links, ids := make([]ListedLink, len(rows)), make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
		links[i] = ListedLink{RevokedAt: row.RevokedAt, KnownLink: KnownLink{
			ID: row.ID, SellerID: row.SellerID, ExpiresAt: row.ExpiresAt, MayUnlink: row.MayUnlink, CreatedAt: row.CreatedAt,
			FirstUsedAt: row.FirstUsedAt, LastUsedAt: row.LastUsedAt,
		}}
	}
	acts, err := s.cfg.Queries.ActsOnSubjects(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read who made links: %w", err)
	}
	for _, act := range slices.Backward(acts) { // revoked twice, it was revoked by the first
		link := &links[slices.Index(ids, client.Text(act.Subject))]
		switch doer := (Doer{Name: act.Actor, Key: client.Text(act.KeyName)}); act.Action {
		case "create_link":
			link.MadeBy = doer
		case "revoke_link":
			link.RevokedBy = doer
		}
	}
	return links, nil
}

func noSuchLink(id string) error { return account.Errorf(account.NotFound, "There is no link %q.", id) }
