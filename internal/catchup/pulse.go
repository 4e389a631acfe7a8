package catchup

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/db"
)

const (
	// ShortestGap is a few beats, so that one that is late is no gap; a shorter one counts as this.
	ShortestGap = 4 * time.Second

	longestBeat  = 15 * time.Second
	askDeafEvery = time.Minute // whether an endpoint is on again that was switched off
)

// Pulse is the heartbeat of a process that serves: it says that connectd is alive, and finds out where it was not.
type Pulse struct {
	cfg     PulseConfig
	started atomic.Bool
}

// PulseConfig is what a Pulse needs.
type PulseConfig struct {
	Pool *pgxpool.Pool
	// Gap is how long nobody may be alive without anything being caught up with.
	Gap time.Duration
	// Endpoint asks Stripe for the webhook endpoint.
	Endpoint func(context.Context) (Hearing, error)
	// Opened hears that there is something to catch up with.
	Opened func()
	Logger *slog.Logger
}

// NewPulse makes a pulse that has not beaten yet.
func NewPulse(cfg PulseConfig) *Pulse {
	cfg.Gap = max(cfg.Gap, ShortestGap)
	return &Pulse{cfg: cfg}
}

// Schedule says when a process that serves ticks, as cron reads it: four times a gap at least.
func (p *Pulse) Schedule() string {
	return fmt.Sprintf("@every %s", min(p.cfg.Gap/4, longestBeat).Truncate(time.Second))
}

// Tick beats, and opens a catch-up where that shows a gap. The first one asks for the webhook endpoint too, the others every
// Gap, all processes together. All processes may tick at once.
func (p *Pulse) Tick(ctx context.Context, now time.Time) error {
	when := meanwhile
	if !p.started.Load() {
		when = atStart
	}
	heard, err := p.ask(ctx, now, when)
	if err != nil {
		return err
	}
	if err := p.beat(ctx, now, heard, when); err != nil {
		return err
	}
	p.started.Store(true)
	return nil
}

func (p *Pulse) beat(ctx context.Context, now time.Time, heard Hearing, when occasion) error {
	var opened *db.CatchUp
	err := pgx.BeginFunc(ctx, p.cfg.Pool, func(tx pgx.Tx) error {
		q := db.New(tx)
		was, err := lockHeartbeat(ctx, q)
		if err != nil {
			return err
		}
		next, found := was.beat(now, heard, when, p.cfg.Gap)
		if found != nil {
			c, err := open(ctx, q, *found, now)
			if err != nil {
				return err
			}
			opened = &c
		}
		return next.store(ctx, q)
	})
	if err != nil {
		return fmt.Errorf("beat: %w", err)
	}
	if opened != nil {
		p.cfg.Logger.Warn("events may have been missed: catching up", "since", inWords(opened.Since), "why", opened.Why)
		p.cfg.Opened()
	}
	return nil
}

// ask: Stripe's silence, or a key that may not read endpoints, is no reason not to beat, and none to ask again at the next.
func (p *Pulse) ask(ctx context.Context, now time.Time, when occasion) (Hearing, error) {
	row, err := db.New(p.cfg.Pool).ReadHeartbeat(ctx)
	if err != nil {
		return Unknown, fmt.Errorf("read the heartbeat: %w", err)
	}
	every := p.cfg.Gap
	if row.DeafSince != nil {
		every = min(every, askDeafEvery)
	}
	if at := row.EndpointCheckedAt; when == meanwhile && at != nil && now.Sub(*at).Abs() < every {
		return Unknown, nil
	}
	heard, err := p.cfg.Endpoint(ctx)
	if err != nil && ctx.Err() == nil {
		p.cfg.Logger.Warn("Stripe could not be asked whether the webhook endpoint is on", "error", err)
	}
	return cmp.Or(heard, Silent), nil
}
