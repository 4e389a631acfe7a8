package scan

import (
	"context"
	"log/slog"
	"time"

	"github.com/coder/quartz"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

const (
	imports      = "import"
	goneOnWithin = time.Hour // of its begin: Stripe lists the newest accounts first, on pages that a walk has left behind
)

// Importer compares Stripe's list of the platform's connected accounts with those that are known here, and takes in those that
// are not. It is safe for concurrent use.
type Importer struct {
	registry *registry.Registry
	stripe   *stripeapi.Client
	checker  *Checker
	walks    *walks
	q        *db.Queries
	clock    quartz.Clock
	logger   *slog.Logger
}

// ImporterConfig is what an Importer needs.
type ImporterConfig struct {
	Registry *registry.Registry
	Pool     *pgxpool.Pool
	Stripe   *stripeapi.Client
	Checker  *Checker
	Clock    quartz.Clock
	Logger   *slog.Logger
}

// NewImporter makes one.
func NewImporter(cfg ImporterConfig) *Importer {
	return &Importer{
		registry: cfg.Registry, stripe: cfg.Stripe, checker: cfg.Checker, walks: newWalks(cfg.Pool), q: db.New(cfg.Pool),
		clock: cfg.Clock, logger: cfg.Logger,
	}
}

// Imported is how far an import is.
type Imported struct {
	Calls                            int64 // to Stripe
	Listed, Imported, Known, Refused int64 // accounts
	Unreadable                       int64 // accounts that Stripe lists in a form that can't be read
}

// Short reports whether something could not be taken.
func (i Imported) Short() bool { return i.Refused+i.Unreadable > 0 }

// Import connects all accounts that Stripe lists and that are not known here, each by its seller, with what the list says of it:
// a call takes a hundred. One that was broken off goes on with the page after the last that was stored; so does another process,
// once that has ended for 15 seconds. show hears of each page, and refused at the end of all that could not be taken.
func (i *Importer) Import(
	ctx context.Context, sellers Sellers, by account.Actor, show func(Imported), refused func(Refusal),
) (Imported, error) {
	walk, err := i.begin(ctx, sellers, by)
	if err != nil {
		return Imported{}, err
	}
	err = i.pages(ctx, walk.ID, show, func(page stripeapi.Page) (walked, error) { return i.importPage(ctx, walk.ID, sellers, page) })
	if err != nil {
		return Imported{}, err
	}
	return i.end(ctx, walk, sellers, refused)
}

func importedOf(before db.Listing, did walked) Imported {
	return Imported{
		Calls: before.Calls + did.calls, Listed: before.Listed + int64(len(did.page.Accounts)), Imported: before.Imported + did.imported,
		Known: before.Known + did.known, Unreadable: before.Unreadable + int64(did.page.Unreadable),
	}
}

// begin goes on with an import that was broken off of late and took its sellers from the same place, or begins a new one.
func (i *Importer) begin(ctx context.Context, sellers Sellers, by account.Actor) (db.Listing, error) {
	rows, err := i.q.UnfinishedListing(ctx, imports)
	if err != nil {
		return db.Listing{}, wrapped("look for an import that was broken off", err)
	}
	if len(rows) > 0 && rows[0].SellersFrom != nil && *rows[0].SellersFrom == sellers.name && i.clock.Since(rows[0].StartedAt) < goneOnWithin {
		return rows[0], nil
	}
	return i.beginWalk(ctx, imports, sellers.name, by, rows)
}

func (i *Importer) importPage(ctx context.Context, walkID string, sellers Sellers, page stripeapi.Page) (walked, error) {
	did := walked{page: page}
	var obs []registry.Observation
	var held []Refusal // whom the observations are of
	var refused []Refusal
	for _, a := range page.Accounts {
		seller, why := sellers.sellerOf(a)
		r := Refusal{AccountID: a.AccountID, SellerID: seller, Why: why}
		if why != "" {
			refused = append(refused, r)
			continue
		}
		held = append(held, r)
		obs = append(obs, registry.Imported(registry.Grant{
			SellerID: seller, AccountID: a.AccountID, Livemode: i.stripe.Livemode(), Interval: a.Interval,
		}, a.RequestID, a.Facts))
	}
	outs, err := i.registry.Observe(ctx, obs)
	if err != nil {
		return did, wrapped("store a page of Stripe's list", err)
	}
	for n, out := range outs {
		switch out.Result {
		case registry.Applied:
			did.imported++
		case registry.Known:
			did.known++
		default:
			held[n].Why = out.Why
			refused = append(refused, held[n])
		}
	}
	return did, i.refuse(ctx, walkID, refused)
}

// end tells what could not be taken, once events have settled, and forgets the walk.
func (i *Importer) end(ctx context.Context, walk db.Listing, sellers Sellers, tell func(Refusal)) (Imported, error) {
	if err := i.registry.SettleImport(ctx, walk.StartedAt); err != nil {
		return Imported{}, err
	}
	if err := i.refuseUnlisted(ctx, walk.ID, sellers); err != nil {
		return Imported{}, err
	}
	rows, err := i.q.ListingByID(ctx, walk.ID)
	if err != nil || len(rows) == 0 {
		return Imported{}, wrapped("read what was imported", goneIfNone(int64(len(rows)), err))
	}
	report := importedOf(rows[0], walked{})
	if report.Refused, err = i.tellRefused(ctx, walk.ID, tell); err != nil {
		return report, err
	}
	n, err := i.q.EndListing(ctx, db.EndListingParams{ID: walk.ID, Holder: i.walks.holder})
	return report, wrapped("end the import", goneIfNone(n, err))
}
