package stripeapi_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/stripeapi"
)

// t0 is when the budgets' tests begin.
var t0 = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// replicas are processes on one database. Each has a clock of its own; all go at one pace.
type replicas struct {
	t     *testing.T
	pool  *pgxpool.Pool
	all   []*replica
	since time.Duration // t0, in truth
}

// replica is a process that makes as many calls for its scan as it may, once it is set to.
type replica struct {
	*stripeapi.Budget
	clock *quartz.Mock
	trap  *quartz.Trap
	skew  time.Duration
	wakes time.Time // when it makes its next call, by its clock; zero: it makes none
	stop  context.CancelFunc
	late  func() time.Duration // for how long it is busy after a call; nil: it never is

	mu   sync.Mutex
	left []time.Time // when its calls left, in truth
}

func newReplicas(t *testing.T) *replicas {
	return &replicas{t: t, pool: postgrestest.Pool(t)}
}

// add makes one more, whose clock is ahead of the truth by skew.
func (rs *replicas) add(rate float64, skew time.Duration, change ...func(*stripeapi.BudgetConfig)) *replica {
	rs.t.Helper()
	clock := quartz.NewMock(rs.t).WithLogger(quartz.NoOpLogger)
	clock.Set(t0.Add(rs.since + skew)).MustWait(rs.t.Context())
	cfg := stripeapi.BudgetConfig{
		Queries: db.New(rs.pool), Rate: rate, Clock: clock, Logger: slog.New(slog.DiscardHandler),
	}
	for _, f := range change {
		f(&cfg)
	}
	r := &replica{Budget: stripeapi.NewBudget(cfg), clock: clock, skew: skew, stop: func() {}}
	r.trap = clock.Trap().NewTimer()
	postgrestest.CloseAtEnd(rs.t, r.Budget)
	rs.all = append(rs.all, r)
	return r
}

// scan sets a replica to calling as often as it may, until it is stopped.
func (rs *replicas) scan(r *replica) {
	rs.t.Helper()
	ctx, cancel := context.WithCancel(rs.t.Context())
	var working sync.WaitGroup
	working.Go(func() { r.work(ctx, rs.t) })
	r.stop = func() {
		cancel()
		working.Wait()
		r.Settle()
		r.wakes = time.Time{}
	}
	rs.t.Cleanup(r.stop)
	rs.arm(r)
}

func (r *replica) work(ctx context.Context, t *testing.T) {
	for ctx.Err() == nil {
		err := r.Wait(ctx)
		if errors.Is(err, context.Canceled) {
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		r.mu.Lock()
		r.left = append(r.left, r.clock.Now().Add(-r.skew))
		r.mu.Unlock()
		if r.late != nil {
			r.dawdle(ctx, r.late())
		}
	}
}

func (r *replica) dawdle(ctx context.Context, d time.Duration) {
	timer := r.clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// arm waits until a replica sleeps until its next call.
func (rs *replicas) arm(r *replica) {
	rs.t.Helper()
	call := r.trap.MustWait(rs.t.Context())
	call.MustRelease(rs.t.Context())
	r.wakes = r.clock.Now().Add(call.Duration)
	r.Settle()
}

// run lets time pass.
func (rs *replicas) run(d time.Duration) {
	rs.t.Helper()
	for end := rs.since + d; rs.since < end; {
		step := end - rs.since
		for _, r := range rs.all {
			if next, ok := r.clock.Peek(); ok {
				step = min(step, next)
			}
		}
		rs.step(step)
	}
}

func (rs *replicas) step(d time.Duration) {
	rs.t.Helper()
	rs.since += d
	for _, r := range rs.all {
		r.clock.Advance(d).MustWait(rs.t.Context())
	}
	for _, r := range rs.all {
		if !r.wakes.IsZero() && !r.wakes.After(r.clock.Now()) {
			rs.arm(r)
		}
		r.Settle()
	}
}

// calls are when the calls of all replicas left, in order, from a moment on.
func (rs *replicas) calls(from time.Duration) []time.Time {
	var all []time.Time
	for _, r := range rs.all {
		all = append(all, r.calls(from)...)
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

func (r *replica) calls(from time.Duration) []time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.left), func(at time.Time) bool { return at.Before(t0.Add(from)) })
}

// most is the greatest number of calls in any second. Postgres keeps microseconds.
func most(calls []time.Time) int {
	most := 0
	for first, last := 0, 0; last < len(calls); last++ {
		for calls[last].Sub(calls[first]) >= time.Second-time.Microsecond {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}

// wantRate checks that calls were made at a rate, and how many there were in any second.
func wantRate(t *testing.T, calls []time.Time, over time.Duration, least, greatest float64, mostInASecond int) {
	t.Helper()
	rate := float64(len(calls)) / over.Seconds()
	if rate < least || rate > greatest {
		t.Errorf("%.2f calls a second, want %.2f to %.2f", rate, least, greatest)
	}
	if n := most(calls); n > mostInASecond {
		t.Errorf("%d calls in one second, want %d at the most", n, mostInASecond)
	}
}
