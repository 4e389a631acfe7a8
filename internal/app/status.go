package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/web"
)

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
func (s *Service) statusOfRows(ctx context.Context) web.Status {
	ctx, cancel := context.WithTimeout(ctx, databaseAnswersWithin)
	defer cancel()
	err := s.pool.Ping(ctx)
	if err == nil {
		var known []Finding
		if known, err = s.doctor().known(ctx, s.queries); err == nil {
			answers := Finding{Name: "database", State: Fine, Words: "it answers"}
			return web.Status{Troubles: troubles(known), Checks: checks(append([]Finding{answers}, known...))}
		}
	}
	if !errors.Is(err, context.Canceled) { // somebody who has gone is no fault
		s.cfg.Logger.Error("what is wrong could not be read", "error", err)
	}
	words := "what was asked of it failed; connectd's log says why"
	if postgres.IsUnavailable(err) {
		words = fmt.Sprintf("it has not answered within %v", databaseAnswersWithin)
	}
	return web.Status{Checks: checks([]Finding{{
		Name: "database", State: Wrong, Words: words, Fix: "see that Postgres runs, can be reached from here, and is not held up by a lock",
	}})}
}

func (s *Service) doctor() Doctor {
	return Doctor{
		Database: s.cfg.Database, Stripe: s.cfg.Stripe, Mail: s.cfg.Service.MailSettings, BaseURL: s.cfg.BaseURL,
		Now: time.Now, Logger: s.cfg.Logger, Registry: s.Registry,
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
func (s *Service) openOutlook(context.Context) error {
	ctx, cancel := context.WithCancel(context.Background())
	s.outlook = newOutlook(ctx, time.Now, s.askOutside)
	s.closers.add(func(stop context.Context) error {
		cancel()
		return waitFor(stop, &s.outlook.asking)
	})
	return nil
}

// troubles are what is not well of what was found, as sentences.
func troubles(found []Finding) []web.Trouble {
	var ill []web.Trouble
	for _, f := range found {
		if f.State != Fine {
			ill = append(ill, web.Trouble{Words: sentence(f.Words), Fix: sentence(f.Fix), Page: f.Page})
		}
	}
	return ill
}

// sentence is words as they stand alone.
func sentence(words string) string { return strings.ToUpper(words[:1]) + words[1:] + "." }
