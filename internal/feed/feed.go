// Package feed is the change feed as followers read it: cursors, one tail a process, and what it holds for all of them; and
// its follower in the process itself, the copy of every seller's readiness in memory.
//
// It may import account (its errors), age, client (the table), db, postgres and registry (which makes an entry of a row).
// Its one rule: a follower gets each entry that follows its cursor once, in the order of positions, or is told to start over
// (account.Expired); never is one left out.
//
// Positions are dense and in commit order, since the feed's counter is locked from its update to the commit
// (internal/registry). So whoever has read up to a position has seen all commits up to it, and a position that is missing is
// noticed.
package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

// Config is what a Feed needs. All of it is required.
type Config struct {
	// Pool serves followers who are further behind than what is held in memory.
	Pool *pgxpool.Pool
	// DirectURL is of the tail's own connection. Behind a transaction pooler it hears no NOTIFY, and changes are seen by
	// polling alone, up to 100 ms later.
	DirectURL string
	Registry  *registry.Registry
	Logger    *slog.Logger
}

// Feed is safe for concurrent use.
type Feed struct {
	cfg     Config
	q       *db.Queries
	window  atomic.Pointer[window]
	turns   chan struct{} // those who read from the database
	hurry   hurry
	tail    context.CancelFunc
	stopped chan struct{}
	drained context.Context
	drain   context.CancelCauseFunc
}

// ErrDrained is the cause for which a context of While ends when the process is about to.
var ErrDrained = errors.New("the process ends")

// databaseReaders bounds how many followers read from the database at once: those who are behind leave connections to others.
const databaseReaders = 4

// Open reads where the feed is, and follows it from there. The caller closes it before the pool.
func Open(ctx context.Context, cfg Config) (*Feed, error) {
	f := &Feed{cfg: cfg, q: db.New(cfg.Pool), turns: make(chan struct{}, databaseReaders), stopped: make(chan struct{})}
	at, err := f.Now(ctx)
	if err != nil {
		return nil, err
	}
	// Followers of a process that was just replaced come back from a little way behind.
	f.window.Store(windowAt(Cursor{at.Epoch, max(0, at.Position-pageSize)}))
	if err := f.advance(ctx, cfg.Pool); err != nil {
		return nil, err
	}
	f.drained, f.drain = context.WithCancelCause(context.Background())
	var tail context.Context
	tail, f.tail = context.WithCancel(context.Background())
	go f.follow(tail)
	return f, nil
}

// While returns a context that also ends, with the cause ErrDrained, when the feed drains. The caller calls stop.
func (f *Feed) While(ctx context.Context) (while context.Context, stop context.CancelFunc) {
	while, end := context.WithCancelCause(ctx)
	forget := context.AfterFunc(f.drained, func() { end(ErrDrained) })
	return while, func() { forget(); end(context.Canceled) }
}

// Drain ends what waits: a server can only end once its streams have. The feed can still be read.
func (f *Feed) Drain() { f.drain(ErrDrained) }

// Close drains, and ends the tail.
func (f *Feed) Close(ctx context.Context) error {
	f.Drain()
	f.tail()
	select {
	case <-f.stopped:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("end the feed's tail: %w", ctx.Err())
	}
}

// freshWithin is how long ago the feed may last have been found to have nothing more, for that to be said of it now.
const freshWithin = time.Second

// Fresh reports whether this process has seen, within the last second, that it lacks nothing.
func (f *Feed) Fresh() bool {
	return f.window.Load().polledWithin(freshWithin, time.Now())
}

// More is closed once this process has seen more of the feed than it has now.
func (f *Feed) More() <-chan struct{} { return f.window.Load().more }

// Seen is how far this process has come, and since when it is known that there was no more: when the poll began that has
// found none.
func (f *Feed) Seen() (end Cursor, asked time.Time) {
	w := f.window.Load()
	return w.end, w.asked
}
