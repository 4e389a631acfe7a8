package registry_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

func (f fixture) reached() int64 {
	f.t.Helper()
	position, err := f.Position(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return position
}

// TestAPositionIsAwaited: also one that another process brings about.
func TestAPositionIsAwaited(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	reader, next := fixture{Registry: open(t, f.pool), t: t, pool: f.pool}, f.reached()+1
	reached := make(chan int64, 1)
	go func() {
		position, err := reader.AwaitPosition(t.Context(), next, time.Hour)
		if err != nil {
			t.Error(err)
		}
		reached <- position
	}()
	f.want(registry.Applied, "", updated("evt_1", at(20), chargesOff()))
	if got := <-reached; got < next {
		t.Errorf("position %d, want %d", got, next)
	}
	if ready := reader.readiness(); ready.Version < next {
		t.Errorf("version %d after position %d", ready.Version, next)
	}
}

// TestAPositionThatDoesNotComeIsNotAwaitedForEver, and what was reached is told.
func TestAPositionThatDoesNotComeIsNotAwaitedForEver(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	at := f.reached()
	for wanted, within := range map[int64]time.Duration{at - 1: time.Hour, at: time.Hour, at + 1: time.Millisecond, 1<<63 - 1: 0} {
		if got, err := f.AwaitPosition(t.Context(), wanted, within); got != at || err != nil {
			t.Errorf("%d: %d, %v; want %d", wanted, got, err, at)
		}
	}
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := f.AwaitPosition(ctx, at+1, time.Hour)
		left <- err
	}()
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// positionQueries counts how often the feed's position is asked for.
type positionQueries struct{ atomic.Int64 }

func (q *positionQueries) TraceQueryStart(ctx context.Context, _ *pgx.Conn, query pgx.TraceQueryStartData) context.Context {
	if query.SQL == db.FeedPosition {
		q.Add(1)
	}
	return ctx
}

func (*positionQueries) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TestAllWhoWaitShareTheQueries: a hundred who wait ask once each, and then no more often than one does.
func TestAllWhoWaitShareTheQueries(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	var queries positionQueries
	cfg := f.pool.Config()
	cfg.ConnConfig.Tracer = &queries
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	reader := open(t, pool)
	next, begin := f.reached()+1, time.Now()
	const waiting = 100
	var group sync.WaitGroup
	for range waiting {
		group.Go(func() {
			if got, err := reader.AwaitPosition(t.Context(), next, 100*time.Millisecond); got != next-1 || err != nil {
				t.Errorf("%d, %v", got, err)
			}
		})
	}
	group.Wait()
	if most := waiting + 1 + int64(time.Since(begin)/(5*time.Millisecond)); queries.Load() > most {
		t.Errorf("%d queries, want at most %d", queries.Load(), most)
	}
}
