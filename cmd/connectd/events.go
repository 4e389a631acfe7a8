package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/registry"
)

type eventsCommand struct {
	List   eventsList   `cmd:"" help:"List Stripe's events, the newest first."`
	Show   eventsShow   `cmd:"" help:"Show one event, as JSON."`
	Replay eventsReplay `cmd:"" help:"Apply stored events again; nothing happens twice."`
}

// eventFilter are the flags that choose events.
type eventFilter struct {
	Outcome string `placeholder:"OUTCOME" help:"Only those of this outcome: applied, stale, ignored or failed."`
	Type    string `placeholder:"TYPE" help:"Only those of this type."`
	Account string `placeholder:"ID" help:"Only those of this account (acct_…)."`
	Since   moment `placeholder:"TIME" help:"Only those received since then, or within this long (example: 2026-03-01T00:00:00Z or 24h)."`
	Until   moment `placeholder:"TIME" help:"Only those received before then, or longer ago than this."`
}

func (f eventFilter) at(now time.Time) (registry.EventFilter, error) {
	since, sinceErr := f.Since.at("since", now)
	until, untilErr := f.Until.at("until", now)
	return registry.EventFilter{
		Outcome: registry.Result(f.Outcome), Type: f.Type, Account: f.Account, ReceivedAfter: since, ReceivedBefore: until,
	}, errors.Join(sinceErr, untilErr)
}

// moment is a time, or how long ago it was.
type moment string

// at is nil where none was given.
func (m moment) at(flag string, now time.Time) (*time.Time, error) {
	if m == "" {
		return nil, nil
	}
	if ago, err := time.ParseDuration(string(m)); err == nil {
		then := now.Add(-ago)
		return &then, nil
	}
	then, err := time.Parse(time.RFC3339, string(m))
	if err != nil {
		return nil, account.InvalidField(flag, "--%s is neither a time nor a duration (example: 2026-03-01T00:00:00Z or 24h)", flag)
	}
	return &then, nil
}

type eventsList struct {
	eventFilter
	Limit  int  `default:"50" help:"At most so many; 0 lists all."`
	ByType bool `help:"Count them by type and outcome instead."`
	JSON   bool `help:"One JSON object a line."`
	app.DatabaseSettings
	app.LogSettings
}

func (c *eventsList) Run(ctx context.Context, to console) error {
	filter, err := c.at(time.Now())
	if err != nil {
		return err
	}
	return withRegistry(ctx, c.DatabaseSettings, c.LogSettings, to, func(core *app.Core) error {
		w := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0)
		if c.ByType {
			return errors.Join(c.count(ctx, core, filter, w), w.Flush())
		}
		return errors.Join(c.list(ctx, core, filter, w), w.Flush())
	})
}

func (c *eventsList) count(ctx context.Context, core *app.Core, filter registry.EventFilter, w *tabwriter.Writer) error {
	counts, err := core.Registry.CountEvents(ctx, filter)
	if err != nil {
		return err
	}
	if !c.JSON {
		fmt.Fprintln(w, "TYPE\tOUTCOME\tEVENTS")
	}
	for _, n := range counts {
		if c.JSON {
			err = errors.Join(err, json.NewEncoder(w).Encode(n))
		} else {
			fmt.Fprintf(w, "%s\t%s\t%d\n", n.Type, n.Outcome, n.Events)
		}
	}
	return err
}

// list pages through the events, so that nothing loads all of them at once.
func (c *eventsList) list(ctx context.Context, core *app.Core, filter registry.EventFilter, w *tabwriter.Writer) error {
	if !c.JSON {
		fmt.Fprintln(w, "EVENT\tTYPE\tACCOUNT\tOUTCOME\tCREATED\tRECEIVED\tWHY")
	}
	query := registry.EventQuery{EventFilter: filter}
	for left := c.Limit; ; {
		query.Limit = registry.MaxPage
		if c.Limit > 0 {
			query.Limit = min(left, registry.MaxPage)
		}
		page, err := core.Registry.StripeEvents(ctx, query)
		if err != nil {
			return err
		}
		for _, e := range page.Events {
			if err := c.print(w, e); err != nil {
				return err
			}
		}
		left -= len(page.Events)
		if query.Cursor = page.NextCursor; query.Cursor == "" || c.Limit > 0 && left <= 0 {
			return nil
		}
	}
}

func (c *eventsList) print(w *tabwriter.Writer, e client.StripeEvent) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(e)
	}
	_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.ID, e.Type, orDash(e.Account), e.Outcome,
		e.Created.UTC().Format(time.RFC3339), e.ReceivedAt.UTC().Format(time.RFC3339), orDash(e.Why))
	return err
}

type eventsShow struct {
	ID string `arg:"" help:"The event's id (evt_…)."`
	app.DatabaseSettings
	app.LogSettings
}

func (c *eventsShow) Run(ctx context.Context, to console) error {
	return withRegistry(ctx, c.DatabaseSettings, c.LogSettings, to, func(core *app.Core) error {
		found, err := core.Registry.StripeEvent(ctx, c.ID)
		if err != nil {
			return err
		}
		return printJSON(to, found)
	})
}
