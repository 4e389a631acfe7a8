package catchup

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/coder/quartz"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/scan"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/webhook"
)

const (
	lookAround  = 2 * time.Second // how often a resting worker looks for what others have opened
	firstRest   = time.Second     // after work that failed; it doubles with each further time
	longestRest = time.Minute
	listStep    = 10_000 // accounts in one statement
	makeDueStep = 1000
)

// Worker does what catch-ups are opened for. All processes work on the one that is open.
type Worker struct {
	cfg  Config
	q    *db.Queries
	wake chan struct{}

	storing sync.Mutex // a page at a time: many would fill the committer's queue, and webhooks be refused
}

// Config is what a Worker needs.
type Config struct {
	Pool *pgxpool.Pool
	// Stripe paces the calls by its Turns: they are of the scan's share.
	Stripe *stripeapi.Client
	// Events is the one path of events.
	Events *webhook.Handler
	// Checker knows whether an account is gone, or the key is another's.
	Checker *scan.Checker
	// Sweep starts a pass over all accounts. While another is open it is an account.Conflict.
	Sweep func(ctx context.Context, by account.Actor, now time.Time) error
	// Passes knows of the pass that is open.
	Passes *scan.Passes
	// MakeDue makes an account due that Stripe says is gone.
	MakeDue func(ctx context.Context, accountID string) error
	Clock   quartz.Clock
	Logger  *slog.Logger
}

// NewWorker makes a worker; Run or Tick sets it to work.
func NewWorker(cfg Config) *Worker {
	return &Worker{cfg: cfg, q: db.New(cfg.Pool), wake: make(chan struct{}, 1)}
}

// Wake makes Run look now.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default: // it is going to
	}
}

// Run ticks until ctx ends. After a tick that failed it rests for longer each time.
func (w *Worker) Run(ctx context.Context) {
	rest := firstRest
	for ctx.Err() == nil {
		err := w.Tick(ctx, w.cfg.Clock.Now())
		switch {
		case ctx.Err() != nil:
		case err == nil:
			rest = firstRest
			w.restFor(ctx, lookAround)
		default:
			w.cfg.Logger.Error("catching up has stopped and will go on", "in", rest, "error", err)
			w.restFor(ctx, rest)
			rest = min(2*rest, longestRest)
		}
	}
}

func (w *Worker) restFor(ctx context.Context, d time.Duration) {
	timer := w.cfg.Clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-w.wake:
	}
}

// Tick goes on with the open catch-up as far as it can go now. States first: who may transact matters most, and the events of
// accounts that turn out to be gone need not be asked for.
func (w *Worker) Tick(ctx context.Context, now time.Time) error {
	c, found, err := w.current(ctx)
	if err != nil || !found {
		return err
	}
	if !c.Swept {
		swept, err := w.sweep(ctx, c, now)
		if err != nil || !swept {
			return err
		}
	}
	if err := w.list(ctx, c); err != nil {
		return err
	}
	if err := w.fetchAll(ctx, c, now); err != nil {
		return err
	}
	return w.finish(ctx, c)
}

func (w *Worker) current(ctx context.Context) (c db.CatchUp, found bool, err error) {
	rows, err := w.q.CurrentCatchUp(ctx)
	if err != nil {
		return c, false, fmt.Errorf("read the open catch-up: %w", err)
	}
	if len(rows) == 0 {
		return c, false, nil
	}
	return rows[0], true, nil
}

// list lists the accounts that are connected, once the sweep has found those that no longer are.
func (w *Worker) list(ctx context.Context, c db.CatchUp) error {
	if err := w.q.ForgetSuperseded(ctx); err != nil {
		return fmt.Errorf("forget what superseded catch-ups had left: %w", err)
	}
	for more := true; more; {
		var err error
		if more, err = w.listNext(ctx, c.ID); err != nil {
			return fmt.Errorf("list the accounts to catch up with: %w", err)
		}
	}
	return nil
}

func (w *Worker) listNext(ctx context.Context, id int64) (more bool, err error) {
	err = pgx.BeginFunc(ctx, w.cfg.Pool, func(tx pgx.Tx) error {
		q := w.q.WithTx(tx)
		rows, err := q.LockCatchUp(ctx, id)
		if err != nil || len(rows) == 0 || rows[0].ListedThrough == nil {
			return err
		}
		step, err := q.ListCatchUpAccounts(ctx, db.ListCatchUpAccountsParams{ID: id, After: *rows[0].ListedThrough, N: listStep})
		if err != nil {
			return err
		}
		params := db.SetListedThroughParams{ID: id, Accounts: step.Listed}
		if more = step.LookedAt == listStep; more {
			params.Through = &step.Through
		}
		return q.SetListedThrough(ctx, params)
	})
	return more, err
}

func (w *Worker) finish(ctx context.Context, c db.CatchUp) error {
	rows, err := w.q.FinishCatchUp(ctx, db.FinishCatchUpParams{ID: c.ID, At: w.cfg.Clock.Now()})
	if err != nil {
		return fmt.Errorf("end the catch-up: %w", err)
	}
	for _, ended := range rows {
		w.cfg.Logger.Info("caught up", "since", inWords(ended.Since), "accounts", ended.Accounts, "events", ended.Events,
			"missed", ended.Missed, "gone", ended.Gone, "failed", ended.Failed, "took", ended.FinishedAt.Sub(ended.OpenedAt).Round(time.Second))
	}
	return nil
}
