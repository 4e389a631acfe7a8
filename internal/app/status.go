package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/registry"
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

// databaseAnswersWithin is how long somebody who looks waits for the database.
const databaseAnswersWithin = 3 * time.Second

// status is what is wrong and what was looked at. It takes seconds at the most, whoever does not answer.
func (s *Service) status(ctx context.Context, by web.Glance) web.Status {
	v := s.statusOfRows(ctx)
	seen := s.outlook.look(ctx, map[web.Glance]time.Duration{
		web.Asked: freshWhereAsked, web.Opened: freshWhereOpened, web.LeftOpen: freshWhereLeft,
	}[by])
	v.Checks = append(v.Checks, checks(seen.found)...)
	v.AskedAt, v.AskingSince = seen.at, seen.since
	return v
}

// statusOfRows is what the database knows of it.
func (s *Service) statusOfRows(ctx context.Context) (v web.Status) {
	ctx, cancel := context.WithTimeout(ctx, databaseAnswersWithin)
	defer cancel()
	err := s.pool.Ping(ctx)
	if err == nil {
		v.Checks = checks(s.doctor().examineRows(ctx, s.queries))
		v.Troubles, err = s.troubles(ctx)
	}
	if err == nil {
		v.Checks = append(checks([]Finding{{"database", Fine, "it answers", ""}}), v.Checks...)
		return v
	}
	if !errors.Is(err, context.Canceled) { // somebody who has gone is no fault
		s.cfg.Logger.Error("what is wrong could not be read", "error", err)
	}
	words := "what was asked of it failed; connectd's log says why"
	if postgres.IsUnavailable(err) {
		words = fmt.Sprintf("it has not answered within %v", databaseAnswersWithin)
	}
	return web.Status{Checks: checks([]Finding{{"database", Wrong, words, "see that Postgres runs, can be reached from here, and is not held up by a lock"}})}
}

func (s *Service) doctor() Doctor {
	return Doctor{
		Database: s.cfg.Database, Stripe: s.cfg.Stripe, Mail: s.cfg.Service.MailSettings, BaseURL: s.cfg.BaseURL,
		Now: time.Now, Logger: s.cfg.Logger,
	}
}

// askOutside asks Stripe, the mail server, and the database of what has a connection of its own, all at once. The calls are the
// service's own, so that they count against its budget.
func (s *Service) askOutside(ctx context.Context) []Finding {
	var fromStripe, fromMail, fromMigrations []Finding
	var asking sync.WaitGroup
	asking.Go(func() { fromStripe = s.doctor().examineStripe(ctx, s.stripe, s.owner(ctx)) })
	asking.Go(func() { fromMail = []Finding{s.doctor().mail(ctx)} })
	asking.Go(func() { fromMigrations = []Finding{s.doctor().migrations(ctx)} })
	asking.Wait()
	return slices.Concat(fromStripe, fromMail, fromMigrations)
}

// owner is whose the database is; nil where that can't be read.
func (s *Service) owner(ctx context.Context) *registry.Platform {
	owner, known, err := s.Registry.BelongsTo(ctx)
	if err != nil || !known {
		return nil
	}
	return &owner
}

func checks(findings []Finding) []web.Check {
	made := make([]web.Check, len(findings))
	for i, f := range findings {
		made[i] = web.Check{Name: f.Name, State: web.CheckState(f.State), Words: f.Words, Fix: f.Fix}
	}
	return made
}

// openOutlook makes what asks Stripe for /statusz.
func (s *Service) openOutlook() {
	ctx, cancel := context.WithCancel(context.Background())
	s.outlook = newOutlook(ctx, time.Now, s.askOutside)
	s.closers.add(func(stop context.Context) error {
		cancel()
		return waitFor(stop, &s.outlook.asking)
	})
}

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
	counted, err := countTroubles(ctx, s.queries, now)
	if err != nil {
		return nil, err
	}
	unjudged, err := s.Registry.CountUnjudged(ctx)
	if err != nil {
		return nil, err
	}
	unsent, err := s.queries.CountOpenMails(ctx, now.Add(-unsentAfter))
	if err != nil {
		return nil, fmt.Errorf("count mails: %w", err)
	}
	for _, t := range []struct {
		n          int64
		words, fix string
		page       *web.Page
	}{
		{counted.Failing, "%d accounts could not be checked for three days.", "Their pages say why; connectd tries again by itself.", nil},
		{counted.HeldBack, "%d accounts are held back: the scan would take their yes, and its brake keeps it from that.", "Look at whom it holds back; if it is right, release the brake (there, or with connectd scan resume).", &web.Page{Words: "Open the scans", URL: "/admin/scans"}},
		{counted.Overdue, sentence(overdueWords(counted.Overdue)), "See that CONNECTD_STRIPE_RATE suffices and that Stripe answers (below).", &web.Page{Words: "Open the scans", URL: "/admin/scans"}},
		{unjudged, "%d accounts have still to be judged by the newest policy.", "That goes on by itself.", &web.Page{Words: "See how far it is", URL: "/admin/policy"}},
		{counted.Unindexed, "%d index is missing: that of the account table's search, which reads all words without it.", "docs/admin.md says what to do under \"Where the search has no index\".", nil},
		{unsent, "%d mails could not be sent for more than an hour.", "See that the mail server answers (below); each mail says why it was not.", &web.Page{Words: "Open the mails", URL: "/admin/mail"}},
		{counted.Unreadable, "%d of Stripe's events could not be read.", "Each says why, and can be applied again after a fix.", &web.Page{Words: "Open these events", URL: "/admin/events?outcome=failed"}},
		{counted.SwitchedOff, "%d event endpoints are switched off after days of failure.", "Mend what receives, and then enable them.", &web.Page{Words: "Open the event endpoints", URL: "/admin/endpoints"}},
	} {
		if t.n > 0 {
			found = append(found, web.Trouble{Words: strings.Replace(t.words, "%d", strconv.FormatInt(t.n, 10), 1), Fix: t.fix, Page: t.page})
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

func countTroubles(ctx context.Context, q *db.Queries, now time.Time) (db.TroublesRow, error) {
	counted, err := q.Troubles(ctx, db.TroublesParams{OverdueBefore: now.Add(-overdueAfter), FailingBefore: now.Add(-failingAfter)})
	if err != nil {
		return counted, fmt.Errorf("count troubles: %w", err)
	}
	return counted, nil
}

func overdueWords(n int64) string {
	if n == countedOverdue {
		return fmt.Sprintf("%d accounts or more have been due for a check for more than an hour", n)
	}
	return fmt.Sprintf("%d accounts have been due for a check for more than an hour", n)
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
		Page:  &web.Page{Words: "The seller’s links", URL: "/admin/links?" + url.Values{"seller_id": {a.SellerID}}.Encode()},
	}
}

// sentence is words as they stand alone.
func sentence(words string) string { return strings.ToUpper(words[:1]) + words[1:] + "." }
