package app

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/catchup"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/metrics"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/web"
)

// countedOverdue is how far those are counted.
const countedOverdue = 1000

// unsentAfter is how long a mail may be on its way before an operator hears of it.
const unsentAfter = time.Hour

// known is what connectd's own rows say of how things stand, for the doctor and for /statusz alike: of each thing that it is well, or
// each fault.
func (d Doctor) known(ctx context.Context, q *db.Queries) ([]Finding, error) {
	var all []Finding
	for _, look := range []func(context.Context, *db.Queries) ([]Finding, error){
		d.counted, d.heard, d.missed, d.attempts, d.reads, d.unjudged, d.unsent,
	} {
		found, err := look(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// counted looks at what is counted of accounts, events and endpoints.
func (d Doctor) counted(ctx context.Context, q *db.Queries) ([]Finding, error) {
	n, err := metrics.Troubles(ctx, q, d.Now())
	if err != nil {
		return nil, fmt.Errorf("count troubles: %w", err)
	}
	scans := &web.Page{Words: "Open the scans", URL: "/admin/scans"}
	found := slices.Concat(
		several(n.Overdue, Finding{
			Name: "checks", Words: overdueWords(n.Overdue), Fix: "see that CONNECTD_STRIPE_RATE suffices and that Stripe answers", Page: scans,
		}),
		several(n.Failing, Finding{
			Name: "checks", Words: "%d accounts could not be checked for three days", Fix: "see on their pages why; connectd tries again by itself",
		}),
		several(n.HeldBack, Finding{
			Name: "checks", Words: "%d accounts are held back: the scan would take their yes, and its brake keeps it from that",
			Fix: "look at whom it holds back; if it is right, release the brake (there, or with connectd scan resume)", Page: scans,
		}),
		several(n.Unreadable, Finding{
			Name: "events", Words: "%d of Stripe's events could not be read",
			Fix: "see of each why; it can be applied again after a fix", Page: &web.Page{Words: "Open these events", URL: "/admin/events?outcome=failed"},
		}),
		several(n.SwitchedOff, Finding{
			Name: "endpoints", Words: "%d event endpoints are switched off after days of failure",
			Fix: "mend what receives, and then enable them", Page: &web.Page{Words: "Open the event endpoints", URL: "/admin/endpoints"},
		}),
		several(n.Unindexed, Finding{
			Name: "search", Words: "%d index is missing: that of the account table's search, which reads all words without it",
			Fix: "do what docs/admin.md says under \"Where the search has no index\"",
		}),
	)
	if n.Overdue == 0 {
		found = append(found, Finding{Name: "checks", State: Fine, Words: "no account has been due for more than an hour"})
	}
	return found, nil
}

// several is a fault that is counted, whose words may say how often; none where there is none.
func several(n int64, fault Finding) []Finding {
	if n == 0 {
		return nil
	}
	fault.State, fault.Words = Warning, strings.Replace(fault.Words, "%d", strconv.FormatInt(n, 10), 1)
	return []Finding{fault}
}

func overdueWords(n int64) string {
	if n == countedOverdue {
		return "%d accounts or more have been due for a check for more than an hour"
	}
	return "%d accounts have been due for a check for more than an hour"
}

// heard says since when Stripe is silent, which on a quiet platform is no fault.
func (Doctor) heard(ctx context.Context, q *db.Queries) ([]Finding, error) {
	heard, err := q.LastHeardAt(ctx)
	if err != nil {
		return nil, fmt.Errorf("read when the last event came: %w", err)
	}
	words := "none of Stripe's has come yet, or none is kept; where nothing happens that is no fault"
	if len(heard) > 0 {
		words = "the last of Stripe's came at " + heard[0].UTC().Format(time.RFC3339) + "; where nothing happens silence is no fault"
	}
	return []Finding{{Name: "events", State: Fine, Words: words}}, nil
}

// missed looks at whether events were missed that are not caught up with yet.
func (Doctor) missed(ctx context.Context, q *db.Queries) ([]Finding, error) {
	report, err := catchup.State(ctx, q)
	if err != nil {
		return nil, err
	}
	state := Finding{Name: "missed events", State: Fine, Words: "none"}
	switch c := report.Open; {
	case c != nil:
		state.State = Warning
		state.Words = fmt.Sprintf("events since %s may have been missed (%s): %s", c.Since.UTC().Format(time.RFC3339), c.Why, report.Words())
		state.Fix = "let connectd serve run: it goes on by itself, and the log has its progress"
	case report.Last != nil:
		state.Words = fmt.Sprintf("none; the last catch-up, at %s, found %d", report.Last.FinishedAt.UTC().Format(time.RFC3339), report.Last.Missed)
	}
	if !report.Deaf {
		return []Finding{state}, nil
	}
	return []Finding{state, {
		Name: "missed events", State: Warning, Words: "Stripe has the webhook endpoint switched off: no event comes",
		Fix: "switch it on with connectd webhooks setup; what was missed is caught up with by itself",
	}}, nil
}

// attempts looks at whether exchanges of codes have ended.
func (d Doctor) attempts(ctx context.Context, q *db.Queries) ([]Finding, error) {
	attempts, err := onboarding.Unfinished(ctx, q, d.Now())
	if err != nil {
		return nil, err
	}
	if len(attempts) == 0 {
		return []Finding{{Name: "exchanges", State: Fine, Words: "none is unfinished"}}, nil
	}
	found := make([]Finding, len(attempts))
	for i, a := range attempts {
		found[i] = unfinished(a)
	}
	return found, nil
}

func unfinished(a onboarding.Attempt) Finding {
	began := a.BeganAt.UTC().Format(time.RFC3339)
	if a.AccountID != "" {
		return Finding{
			Name: "exchanges", State: Warning, Words: fmt.Sprintf("what seller %s granted at %s (%s) could not be stored yet", a.SellerID, began, a.AccountID),
			Fix: "see in the log why; it is tried again each minute",
		}
	}
	return Finding{
		Name: "exchanges", State: Warning, Words: fmt.Sprintf("an exchange for seller %s, begun at %s, is unfinished", a.SellerID, began),
		Fix:  "let the seller connect again, by a fresh link; the same code is never presented twice",
		Page: &web.Page{Words: "The seller’s links", URL: "/admin/links?" + url.Values{"seller_id": {a.SellerID}}.Encode()},
	}
}

// reads looks at how much of what Stripe allots is used.
func (d Doctor) reads(ctx context.Context, q *db.Queries) ([]Finding, error) {
	used, err := readsUsed(ctx, q, d.Now(), d.Stripe.StripeReadAllocation)
	if err != nil {
		return nil, err
	}
	if used.short() {
		return []Finding{{Name: "reads", State: Warning, Words: used.String(), Fix: used.fix()}}, nil
	}
	return []Finding{{Name: "reads", State: Fine, Words: used.String()}}, nil
}

// unsent looks at whether mails wait.
func (d Doctor) unsent(ctx context.Context, q *db.Queries) ([]Finding, error) {
	n, err := q.CountOpenMails(ctx, d.Now().Add(-unsentAfter))
	if err != nil {
		return nil, fmt.Errorf("count mails: %w", err)
	}
	return several(n, Finding{
		Name: "mails", Words: "%d mails could not be sent for more than an hour",
		Fix: "see that the mail server answers; each mail says why it was not sent", Page: &web.Page{Words: "Open the mails", URL: "/admin/mail"},
	}), nil
}

// unjudged looks at how far a new policy is.
func (d Doctor) unjudged(ctx context.Context, q *db.Queries) ([]Finding, error) {
	if d.Registry == nil {
		return nil, nil
	}
	n, err := d.Registry.CountUnjudged(ctx)
	if err != nil {
		return nil, err
	}
	return several(n, Finding{
		Name: "policy", Words: "%d accounts have still to be judged by the newest policy",
		Fix: "wait: that goes on by itself", Page: &web.Page{Words: "See how far it is", URL: "/admin/policy"},
	}), nil
}
