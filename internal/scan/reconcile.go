package scan

import (
	"context"
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

const (
	reconciliations = "reconcile"
	ghostsRead      = 1000 // in one statement
)

// Difference is an account of which Stripe's list and what is known here say two things. An orphan is connected at Stripe and
// not here; a ghost is connected here and gone at Stripe.
type Difference struct {
	Kind      string // orphan or ghost
	AccountID string
	SellerID  string // who holds it here, held it last, or is to hold it; "" where nobody is known
	What      string // what is known of it, or became of it, in words
	Mended    bool
}

// Reconciliation is one comparison of Stripe's list with what is known here.
type Reconciliation struct {
	*Importer
	walk db.Listing
	tell func(Difference)
	mend bool // take orphans, by sellers
	from Sellers
}

// Compare begins a comparison that mends nothing; tell hears of each difference.
func (i *Importer) Compare(ctx context.Context, by account.Actor, tell func(Difference)) (*Reconciliation, error) {
	return i.reconcile(ctx, by, &Reconciliation{Importer: i, tell: tell})
}

// Mend begins a comparison that takes orphans as an import does.
func (i *Importer) Mend(ctx context.Context, sellers Sellers, by account.Actor, tell func(Difference)) (*Reconciliation, error) {
	return i.reconcile(ctx, by, &Reconciliation{Importer: i, tell: tell, mend: true, from: sellers})
}

func (i *Importer) reconcile(ctx context.Context, by account.Actor, r *Reconciliation) (*Reconciliation, error) {
	others, err := i.q.UnfinishedListing(ctx, reconciliations)
	if err != nil {
		return nil, wrapped("look for other reconciliations", err)
	}
	if r.walk, err = i.beginWalk(ctx, reconciliations, r.from.name, by, others); err != nil {
		return nil, err
	}
	for done := false; !done && err == nil; {
		done, err = i.walks.copyStep(ctx, r.walk.ID)
	}
	return r, err
}

// Orphans goes through Stripe's list, and tells of the orphans on it.
func (r *Reconciliation) Orphans(ctx context.Context, show func(Imported)) error {
	if err := r.pages(ctx, r.walk.ID, show, func(page stripeapi.Page) (walked, error) { return r.orphans(ctx, page) }); err != nil {
		return err
	}
	if !r.mend {
		return nil
	}
	return r.registry.SettleImport(ctx, r.walk.StartedAt)
}

// orphans tells of those on the page. Where they are taken, of what became of them.
func (r *Reconciliation) orphans(ctx context.Context, page stripeapi.Page) (walked, error) {
	did := walked{page: page}
	rows, err := r.q.Holders(ctx, idsOf(page))
	if err != nil {
		return did, wrapped("read who holds a page's accounts", err)
	}
	known := make(map[string]db.HoldersRow, len(rows))
	for _, row := range rows {
		known[row.ID] = row
	}
	for _, a := range page.Accounts {
		row, isKnown := known[a.AccountID]
		if isKnown && row.DisconnectedAt == nil {
			did.known++
			continue
		}
		d := Difference{Kind: "orphan", AccountID: a.AccountID, SellerID: row.SellerID, What: "not known here"}
		if isKnown {
			d.What = "disconnected here since " + row.DisconnectedAt.UTC().Format(time.RFC3339)
		}
		if r.mend {
			if d, err = r.take(ctx, a, d); err != nil {
				return did, err
			}
		}
		r.tell(d)
	}
	return did, nil
}

func (r *Reconciliation) take(ctx context.Context, a stripeapi.Listed, d Difference) (Difference, error) {
	seller, why := r.from.sellerOf(a)
	d.SellerID = seller
	if why != "" {
		d.What = why
		return d, nil
	}
	outs, err := r.registry.Observe(ctx, []registry.Observation{registry.Imported(registry.Grant{
		SellerID: seller, AccountID: a.AccountID, Livemode: r.stripe.Livemode(), Interval: a.Interval,
	}, a.RequestID, a.Facts)})
	if err != nil {
		return d, wrapped("store account "+a.AccountID, err)
	}
	d.What, d.Mended = outs[0].Why, outs[0].Result == registry.Applied || outs[0].Result == registry.Known
	if outs[0].Result == registry.Applied {
		d.What = "imported"
	}
	return d, nil
}

// Ghosts retrieves each account that the list left out, and tells of those that are gone. Nothing of that is stored.
func (r *Reconciliation) Ghosts(ctx context.Context) error {
	turns := r.stripe.Turns()
	return r.unlisted(ctx, func(row db.UnlistedAccountsRow) error {
		if row.DisconnectedAt != nil {
			return nil
		}
		stripe, err := turns.Next(ctx)
		if err != nil {
			return err
		}
		gone, err := r.checker.isGone(ctx, stripe, row.ID)
		switch {
		case stripeapi.KindOf(err) == stripeapi.KeyWrong || ctx.Err() != nil:
			return err
		case err != nil:
			r.tell(Difference{Kind: "ghost", AccountID: row.ID, SellerID: row.SellerID, What: fmt.Sprintf("not in Stripe's list, and could not be retrieved: %v", err)})
		case gone:
			r.tell(Difference{Kind: "ghost", AccountID: row.ID, SellerID: row.SellerID, What: "gone at Stripe"})
		}
		return nil
	})
}

// Confirmed tells what has become of the accounts that the list left out in a pass over them that began at started.
func (r *Reconciliation) Confirmed(ctx context.Context, started time.Time) error {
	return r.unlisted(ctx, func(row db.UnlistedAccountsRow) error {
		d := Difference{Kind: "ghost", AccountID: row.ID, SellerID: row.SellerID}
		switch {
		case row.DisconnectedAt != nil:
			d.What, d.Mended = "disconnected", true
		case row.HeldBack:
			d.What = "held back by the brake"
		case row.CheckedAt != nil && !row.CheckedAt.Before(started):
			return nil // Stripe's list left it out, and it is connected
		case row.LastCheckError != nil:
			d.What = "not in Stripe's list, and could not be checked: " + *row.LastCheckError
		default:
			d.What = "not in Stripe's list, and not checked yet"
		}
		r.tell(d)
		return nil
	})
}

func (r *Reconciliation) unlisted(ctx context.Context, use func(db.UnlistedAccountsRow) error) error {
	params := db.UnlistedAccountsParams{ListingID: r.walk.ID, N: ghostsRead}
	for {
		rows, err := r.q.UnlistedAccounts(ctx, params)
		if err != nil {
			return wrapped("read which accounts Stripe does not list", err)
		}
		for _, row := range rows {
			if err := use(row); err != nil {
				return err
			}
			params.After = row.ID
		}
		if len(rows) < ghostsRead {
			return nil
		}
	}
}

// End forgets the comparison. Where another has taken its place meanwhile, what was found is not all: that is an error.
func (r *Reconciliation) End(ctx context.Context) error {
	n, err := r.q.EndListing(ctx, db.EndListingParams{ID: r.walk.ID, Holder: r.walks.holder})
	return wrapped("end the reconciliation", goneIfNone(n, err))
}
