package client_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/client/connecttest"
)

// badDays are what may happen to a feed, each so often.
var badDays = []struct {
	name   string
	weight int
	do     func(*connecttest.Server, *rand.Rand)
}{
	{"change", 60, func(s *connecttest.Server, r *rand.Rand) {
		s.Set(client.Readiness{SellerID: anyShop(r), CanTransact: r.IntN(2) == 0})
	}},
	{"check", 20, func(s *connecttest.Server, r *rand.Rand) {
		if some := s.Sellers(); len(some) > 0 {
			s.Check(some[r.IntN(len(some))].SellerID)
		}
	}},
	{"cut", 6, func(s *connecttest.Server, _ *rand.Rand) { s.Cut() }},
	{"down", 3, func(s *connecttest.Server, _ *rand.Rand) { s.Down() }},
	{"up", 6, func(s *connecttest.Server, _ *rand.Rand) { s.Up() }},
	{"failing", 2, func(s *connecttest.Server, _ *rand.Rand) { s.Fail(503) }},
	{"well", 6, func(s *connecttest.Server, _ *rand.Rand) { s.Fail(0) }},
	{"slow", 2, func(s *connecttest.Server, r *rand.Rand) { s.Slow(time.Duration(r.IntN(30)) * time.Second) }},
	{"fast", 4, func(s *connecttest.Server, _ *rand.Rand) { s.Slow(0) }},
	{"expire", 1, func(s *connecttest.Server, _ *rand.Rand) { s.Expire() }},
	{"skip", 1, func(s *connecttest.Server, _ *rand.Rand) { s.Skip() }},
	{"restore", 1, func(s *connecttest.Server, r *rand.Rand) { s.Restore(r.Int64N(s.Position() + 1)) }},
}

func anyShop(r *rand.Rand) string { return fmt.Sprintf("shop-%d", r.IntN(40)) }

func badDay(s *connecttest.Server, r *rand.Rand) (name string) {
	total := 0
	for _, d := range badDays {
		total += d.weight
	}
	at := r.IntN(total)
	for _, d := range badDays {
		if at -= d.weight; at < 0 {
			d.do(s, r)
			return d.name
		}
	}
	return ""
}

// TestReplicaEqualsTheServerAfterWhatever happens in hours, in any order.
func TestReplicaEqualsTheServerAfterWhatever(t *testing.T) {
	seed := rand.Uint64()
	bubble(t, func(t *testing.T, s *fake) {
		r := rand.New(rand.NewPCG(seed, 1))
		rep := s.replica()
		happened := map[string]int{}
		for range 100 {
			for range 30 {
				happened[badDay(s.Server, r)]++
				within(time.Duration(r.IntN(2_000)) * time.Millisecond)
			}
			s.Up()
			s.Fail(0)
			s.Slow(0)
			s.Set(yes("last")) // what is skipped shows by what follows
			within(time.Minute)
			wantSame(t, rep, s.Server)
			if t.Failed() {
				t.Fatalf("seed %d; what happened: %v", seed, happened)
			}
		}
		t.Logf("seed %d, what happened: %v, requests: %d", seed, happened, len(s.Requests()))
	})
}

// TestReadersOfAReplicaNeverGoBack, over a network that is cut, while all its sellers change.
func TestReadersOfAReplicaNeverGoBack(t *testing.T) {
	t.Parallel()
	s := connecttest.Start(t)
	r := rand.New(rand.NewPCG(1, 2))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	changed := make(chan struct{}, 1)
	rep, err := s.Client().Replica(ctx, client.OnChange(func(_, _ client.Readiness) {
		select {
		case changed <- struct{}{}:
		default:
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	var reads atomic.Int64
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() { readForwards(ctx, t, rep, &reads) })
	}
	for i := range 400 {
		last := s.Set(client.Readiness{SellerID: anyShop(r), CanTransact: i%2 == 0})
		switch {
		case i%80 == 0:
			s.Expire()
			s.Cut()
		case i%20 == 0:
			s.Cut()
		case i%10 == 0:
			reach(t, rep, last, changed)
		}
	}
	reach(t, rep, s.Set(client.Readiness{SellerID: "last"}), changed)
	stop()
	readers.Wait()
	<-rep.Done()
	wantSame(t, rep, s)
	t.Logf("%d reads, %d requests", reads.Load(), len(s.Requests()))
}

// reach waits until the replica has come to the position.
func reach(t *testing.T, rep *client.Replica, position int64, changed <-chan struct{}) {
	t.Helper()
	for rep.Position() < position {
		select {
		case <-changed:
		case <-time.After(time.Minute):
			t.Fatalf("at position %d of %d after a minute: %+v", rep.Position(), position, rep.State())
		}
	}
}

// readForwards reads until ctx ends. An entry's parity says whether its seller can transact.
func readForwards(ctx context.Context, t *testing.T, rep *client.Replica, reads *atomic.Int64) {
	seen, r := map[string]int64{}, rand.New(rand.NewPCG(3, rand.Uint64()))
	for ctx.Err() == nil {
		id := anyShop(r)
		got, ok := rep.Readiness(id)
		if got.Version < seen[id] || ok && got.CanTransact != (got.Version%2 == 1) {
			t.Errorf("%s: version %d, can transact %v, after %d", id, got.Version, got.CanTransact, seen[id])
			return
		}
		seen[id] = got.Version
		reads.Add(1)
	}
}
