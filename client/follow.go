package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// follower keeps a replica up. It goes by steps, each of which answers the next:
//
//	startOver ─► snapshot ─► … ─► follow ─► follow ─► …
//	    ▲            │               │
//	    └────────────┴───────────────┘  410, another epoch, a gap: what can't be placed is not guessed at
//
// An error that passes repeats its step after a pause. A new snapshot is filled and brought up to date beside the table that
// is read, and takes its place at once.
type follower struct {
	client      *Client
	replica     *Replica
	logger      *slog.Logger
	changed     func(before, after Readiness)
	startWithin time.Duration
	file        snapshotFile
	settled     chan error    // gets nil once the replica answers, or why it can't
	synced      chan struct{} // closed once it holds what the server says
	syncedOnce  sync.Once

	table  *Table // the replica's, or the one that will be
	stale  *staleness
	filler filler // of a table that will be
	from   cursor // where the feed goes on from
	behind bool   // whether the feed may hold more than is known
	pause  backoff
}

// step does a part of the work and answers what comes next, after a pause where there is an error.
type step func(context.Context) (step, error)

const (
	pollWait  = 10 * time.Second // Age is at most that while all is well
	pollGrace = 5 * time.Second  // how much later than asked a poll's answer may come
	suspended = time.Second      // by so much the machine's clock is ahead of the process's where it was
)

func newFollower(c *Client) *follower {
	now := time.Now()
	f := &follower{
		client: c, logger: slog.New(slog.DiscardHandler), settled: make(chan error, 1), synced: make(chan struct{}),
		file:    snapshotFile{server: c.baseURL},
		replica: &Replica{done: make(chan struct{}), status: Status{State: Syncing, Since: now}},
	}
	f.replica.heard.Store(&now)
	return f
}

func (f *follower) run(ctx context.Context) {
	stopped := make(chan struct{})
	var keeping sync.WaitGroup
	if f.file.path != "" {
		keeping.Go(func() { f.file.keep(f, stopped) })
	}
	for next := f.start(); ctx.Err() == nil; {
		then, err := next(ctx)
		if err != nil && ctx.Err() == nil {
			f.trouble(err)
			_ = f.pause.wait(ctx, err) // the context's end ends the loop
		}
		next = then
	}
	f.replica.turn(Stopped, nil)
	close(stopped)
	keeping.Wait()
	close(f.replica.done)
}

// start goes on from the file, where there is one that can be used.
func (f *follower) start() step {
	if f.file.path == "" {
		return f.startOver
	}
	kept, err := f.file.read()
	if err != nil {
		f.logger.Warn("connectd: the snapshot file is not used", "path", f.file.path, "error", err)
	}
	if kept == nil || err != nil {
		return f.startOver
	}
	f.table, f.from, f.stale, f.behind = kept.table, kept.from, kept.stale, true
	f.replica.publish(*kept)
	return f.follow
}

func (f *follower) startOver(context.Context) (step, error) {
	f.replica.turn(Syncing, nil)
	f.table, f.filler, f.from, f.behind = &Table{}, filler{}, cursor{}, true
	return f.snapshot, nil
}

// follow reads the feed's next entries. It does not wait for any while it may be behind: so it learns at once that connectd
// is back.
func (f *follower) follow(ctx context.Context) (step, error) {
	wait := f.waits()
	query := url.Values{
		"after": {f.from.String()}, "wait": {wait.String()}, "limit": {strconv.Itoa(mostSellers)},
	}
	within, asked := wait+pollGrace, time.Now()
	page, err := ask[FeedPage](ctx, f.client, request{
		method: http.MethodGet, path: "/v1/changes?" + query.Encode(), within: within,
	})
	if err != nil {
		return f.orOver(f.follow, err), err
	}
	if err := f.apply(page); err != nil {
		return f.startOver, err
	}
	if len(page.Data) < mostSellers {
		f.upToDate(heardAt(asked, time.Now(), within))
	}
	return f.follow, nil
}

// heardAt is when an answer came that was asked for within a time. Where the machine was suspended meanwhile, nobody knows
// whether it came before that: then it is taken to be as old as it may be.
func heardAt(asked, now time.Time, within time.Duration) time.Time {
	took := now.Sub(asked)
	if took > within || elapsed(asked, now) > took+suspended {
		return asked
	}
	return now
}

func (f *follower) waits() time.Duration {
	switch {
	case f.behind:
		return 0
	case f.replica.maxAge > 0:
		return min(pollWait, f.replica.maxAge/3)
	}
	return pollWait
}

// orOver is the step to take after err: over where the server does not know the cursor (any more).
func (f *follower) orOver(again step, err error) step {
	e, ok := errors.AsType[*Error](err)
	if ok && (e.Status == http.StatusGone || e.Status == http.StatusUnprocessableEntity) {
		return f.startOver
	}
	return again
}

// apply takes a page whose entries follow what is known, one after the other, up to its cursor.
func (f *follower) apply(page FeedPage) error {
	next, err := parseCursor(page.NextCursor)
	if err != nil {
		return err
	}
	if next.epoch != f.from.epoch {
		return fmt.Errorf("the feed's epoch is %s, not %s", next.epoch, f.from.epoch)
	}
	f.judgeBy(stalenessOf(page.StaleAfter, page.DenyWhenStale))
	for i := range page.Data {
		page.Data[i].Readiness = f.stale.unjudged(page.Data[i].Readiness)
		if err := f.take(&page.Data[i]); err != nil {
			return err
		}
	}
	if at := f.table.Position(); next.position != at {
		return fmt.Errorf("%w: the entries end at %d, their cursor at %d", ErrGap, at, next.position)
	}
	f.from = next
	return nil
}

// judgeBy has the replica judge by the rule at once, unless its table is another one still.
func (f *follower) judgeBy(rule *staleness) {
	f.stale = rule
	if f.table == f.replica.table.Load() {
		f.replica.stale.Store(rule)
	}
}

func (f *follower) take(e *FeedEntry) error {
	if f.changed == nil || f.table != f.replica.table.Load() {
		return f.table.Apply(*e)
	}
	before := f.table.orUnknown(e.SellerID)
	if err := f.table.Apply(*e); err != nil {
		return err
	}
	// A check tells of a change where the seller was erased meanwhile: the name is gone from what it confirms.
	if after := f.table.orUnknown(e.SellerID); !alike(&before, &after) {
		f.tellChange(before, after)
	}
	return nil
}

// upToDate is after each answer that leaves nothing to ask for.
func (f *follower) upToDate(heard time.Time) {
	f.behind, f.pause = false, backoff{}
	former := f.replica.publish(mark{f.table, f.from, heard, f.stale})
	f.replica.turn(Following, nil)
	f.tell(nil)
	f.syncedOnce.Do(func() { close(f.synced) })
	f.compare(former)
}

// cursor is a place in the feed. The epoch rises when the server's database is restored from a backup: positions of two
// epochs do not compare.
type cursor struct {
	epoch    string
	position int64
}

func (c cursor) String() string { return c.epoch + "." + strconv.FormatInt(c.position, 10) }

func parseCursor(text string) (cursor, error) {
	epoch, position, _ := strings.Cut(text, ".")
	at, err := strconv.ParseInt(position, 10, 64)
	if err != nil || epoch == "" || at < 0 {
		return cursor{}, fmt.Errorf("the server's feed cursor %q is not EPOCH.POSITION", text)
	}
	return cursor{epoch, at}, nil
}
