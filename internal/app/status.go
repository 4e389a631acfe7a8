package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/web"
)

// overdueAfter is how long an account may be due before an operator hears of it: the scan looks every ten minutes.
const overdueAfter = time.Hour

// countedOverdue is how far those are counted.
const countedOverdue = 1000

// unsentAfter is how long a mail may be on its way before an operator hears of it.
const unsentAfter = time.Hour

// failingAfter is how long an account's checks may fail before an operator hears of it.
const failingAfter = 3 * 24 * time.Hour

// troubles are what is wrong, in words, with what to do; none where all is well.
func (s *Service) troubles(ctx context.Context) ([]web.Trouble, error) {
	now := time.Now()
	attempts, err := onboarding.Unfinished(ctx, s.queries, now)
	if err != nil {
		return nil, err
	}
	var found []web.Trouble
	for _, a := range attempts {
		found = append(found, unfinished(a))
	}
	counted, err := s.queries.Troubles(ctx, db.TroublesParams{OverdueBefore: now.Add(-overdueAfter), FailingBefore: now.Add(-failingAfter)})
	if err != nil {
		return nil, fmt.Errorf("count troubles: %w", err)
	}
	unjudged, err := s.Registry.CountUnjudged(ctx)
	if err != nil {
		return nil, err
	}
	unsent, err := s.queries.CountOpenMails(ctx, now.Add(-unsentAfter))
	if err != nil {
		return nil, fmt.Errorf("count mails: %w", err)
	}
	overdue := "%d accounts have been due for a check for more than an hour."
	if counted.Overdue == countedOverdue {
		overdue = "%d accounts or more have been due for a check for more than an hour."
	}
	for _, t := range []struct {
		n          int64
		words, fix string
	}{
		{counted.Failing, "%d accounts could not be checked for three days.", "Their pages say why; connectd tries again by itself."},
		{counted.HeldBack, "%d accounts are held back: the scan would take their yes, and its brake keeps it from that.", "Look at the scan's report (GET /v1/scans); if it is right, release the brake with connectd scan resume."},
		{counted.Overdue, overdue, "See that CONNECTD_STRIPE_RATE suffices and that Stripe answers (connectd doctor)."},
		{unjudged, "%d accounts have still to be judged by the newest policy.", "That goes on by itself; the log has its progress."},
		{counted.Unindexed, "%d index is missing: that of the account table's search, which reads all words without it.", "docs/admin.md says what to do under \"Where the search has no index\"."},
		{unsent, "%d mails could not be sent for more than an hour.", "See that the mail server answers (connectd doctor); the log says what it says."},
		{counted.Unreadable, "%d of Stripe's events could not be read.", "connectd events list --outcome failed says why; connectd events replay --outcome failed applies them after a fix."},
		{counted.SwitchedOff, "%d event endpoints are switched off after days of failure.", "Mend them, and then enable them (POST /v1/event-endpoints/{id}/enable); GET /v1/event-endpoints says which."},
	} {
		if t.n > 0 {
			found = append(found, web.Trouble{Words: fmt.Sprintf(t.words, t.n), Fix: t.fix})
		}
	}
	missed, err := s.missed(ctx)
	if err != nil {
		return nil, err
	}
	found = append(found, missed...)
	used, err := readsUsed(ctx, s.queries, now, s.cfg.Stripe.StripeReadAllocation)
	if err != nil {
		return nil, err
	}
	if used.short() {
		found = append(found, web.Trouble{Words: sentence(used.String()), Fix: sentence(used.fix())})
	}
	return found, nil
}

func unfinished(a onboarding.Attempt) web.Trouble {
	began := a.BeganAt.UTC().Format(time.RFC3339)
	if a.AccountID != "" {
		return web.Trouble{
			Words: fmt.Sprintf("What seller %s granted at %s (%s) could not be stored yet.", a.SellerID, began, a.AccountID),
			Fix:   "That is tried again each minute; the log says why it fails.",
		}
	}
	return web.Trouble{
		Words: fmt.Sprintf("An exchange for seller %s, begun at %s, is unfinished.", a.SellerID, began),
		Fix:   "Let the seller connect again; the same code is never presented twice.",
	}
}

// sentence is words as they stand alone.
func sentence(words string) string { return strings.ToUpper(words[:1]) + words[1:] + "." }
