package scan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
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
	goneOnWithin = time.Hour       // of its begin: Stripe lists the newest accounts first, on pages that a walk has left behind
	refusalsRead = 1000            // in one statement
	pageRest     = time.Second     // after a page that could not be had
	lookForTurn  = time.Second / 2 // at a walk that another process has
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

// Refusal is an account that could not be taken. SellerID is "" where nobody is named.
type Refusal struct {
	AccountID string `json:"account_id"`
	SellerID  string `json:"seller_id"`
	Why       string `json:"why"`
}

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

// pages goes through the pages of the list from where the walk has come to, and hands each to use.
func (i *Importer) pages(ctx context.Context, id string, show func(Imported), use func(stripeapi.Page) (walked, error)) error {
	turns := i.stripe.Turns()
	for more := true; more; {
		walk, err := i.takeOver(ctx, id)
		if err != nil {
			return err
		}
		page, calls, err := i.page(ctx, turns, walk.Trail)
		if err != nil {
			return err
		}
		did, err := use(page)
		if err != nil {
			return err
		}
		did.calls = calls
		if err := i.walks.advance(ctx, id, i.clock.Now(), did, nothing); err != nil {
			return err
		}
		show(importedOf(walk, did))
		more = page.Next != ""
	}
	return nil
}

func nothing(*db.Queries) error { return nil }

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

// beginWalk begins a walk in the place of those of its kind that nobody is at.
func (i *Importer) beginWalk(ctx context.Context, kind, sellersFrom string, by account.Actor, others []db.Listing) (db.Listing, error) {
	now := i.clock.Now()
	if len(others) > 0 && others[0].HeldUntil.After(now) {
		return db.Listing{}, account.Errorf(account.Conflict, "Another %s is under way. Wait for its end; where it was killed, for 15 seconds.", kind)
	}
	if err := i.q.DropListings(ctx, kind); err != nil {
		return db.Listing{}, wrapped("forget what was broken off", err)
	}
	walk := db.Listing{ID: fmt.Sprintf("%s_%s", kind, i.walks.holder[:16]), Kind: kind, StartedAt: now}
	params := db.BeginListingParams{ID: walk.ID, Kind: kind, At: now, SellersFrom: &sellersFrom}
	if kind == reconciliations {
		params.CopiedThrough = new(string)
	}
	if err := i.q.BeginListing(ctx, params); err != nil {
		return db.Listing{}, wrapped("begin to walk through Stripe's list", err)
	}
	return walk, registry.Record(ctx, i.q, registry.Act{At: now, By: by, Action: kind + "_accounts", Subject: walk.ID})
}

// takeOver waits until no other process is at the walk.
func (i *Importer) takeOver(ctx context.Context, id string) (db.Listing, error) {
	for {
		walk, mine, err := i.walks.take(ctx, id, i.clock.Now())
		if err != nil || mine {
			return walk, err
		}
		rows, err := i.q.ListingByID(ctx, id)
		if err != nil {
			return walk, wrapped("look at the walk of another process", err)
		}
		if len(rows) == 0 {
			return walk, account.Errorf(account.Conflict, "Another process has ended this already. Run it again to see what is left.")
		}
		if err := i.rest(ctx, lookForTurn); err != nil {
			return walk, err
		}
	}
}

func (i *Importer) rest(ctx context.Context, d time.Duration) error {
	timer := i.clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errors.New("interrupted; run it again, and it goes on where it was")
	}
}

// page asks again where Stripe does not answer, as often as makes an outage.
func (i *Importer) page(ctx context.Context, turns *stripeapi.Turns, trail []string) (stripeapi.Page, int64, error) {
	for tries := 1; ; tries++ {
		stripe, err := turns.Next(ctx)
		if err != nil {
			return stripeapi.Page{}, 0, err
		}
		page, calls, err := listAfter(ctx, stripe, trail)
		kind := stripeapi.KindOf(err)
		if kind != stripeapi.Unreachable && kind != stripeapi.RateLimited || tries == outageAfter {
			return page, calls, err
		}
		i.logger.Warn("a page of Stripe's list could not be had; it is asked for again", "error", err)
		if err := i.rest(ctx, pageRest); err != nil {
			return page, calls, err
		}
	}
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

// goneIfNone is err, or says that there is no walk of ours any more.
func goneIfNone(n int64, err error) error {
	if err == nil && n == 0 {
		return errors.New("another process has taken its place; what was found is not all; run it again")
	}
	return err
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
