package client_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/client/connecttest"
)

const million = 1_000_000

// aMillion is a table of a million sellers as a platform has them: one in twenty restricted, each of those with a deadline
// of its own. It is filled once for all benchmarks.
var aMillion = sync.OnceValue(func() (filled struct {
	table   *client.Table
	average float64
},
) {
	before := heap()
	filled.table = &client.Table{}
	for i := range int64(million) {
		filled.table.Put(oneOfAMillion(i))
	}
	filled.average = float64(heap()-before) / million
	return filled
})

func sellerID(i int64) string { return fmt.Sprintf("shop-%07d", i) }

func oneOfAMillion(i int64) client.Readiness {
	if i%20 != 0 {
		return ready(sellerID(i), i)
	}
	r := restricted(sellerID(i), i)
	deadline := r.AsOf.Add(30 * 24 * time.Hour)
	r.Requirements.CurrentDeadline, r.Reasons[1].Deadline = &deadline, &deadline
	return r
}

// hot are the thousand sellers who are asked for.
func hot() []string {
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = sellerID(int64(i) * 997)
	}
	return ids
}

// floor is the least that an answer could cost: of the same sellers, whether they can transact, in a Go map that nobody
// writes.
var floor = sync.OnceValue(func() map[string]bool {
	canTransact := make(map[string]bool, million)
	for i := range int64(million) {
		canTransact[sellerID(i)] = i%20 != 0
	}
	return canTransact
})

// rounds has ask called of the hot sellers, and a look-up in the floor by turns, and reports what a call takes, at the median and in
// the fastest tenth: a round of a thousand is so short that what else the machine does does not fall into these.
func rounds(b *testing.B, ask func(ids []string) (yes int)) {
	ids, can := hot(), floor()
	look := func(ids []string) (yes int) {
		for _, id := range ids {
			if can[id] {
				yes++
			}
		}
		return yes
	}
	runtime.GC()
	var asked, looked []time.Duration
	for b.Loop() {
		asked = append(asked, tenRounds(b, ids, ask)...)
		looked = append(looked, tenRounds(b, ids, look)...)
	}
	slices.Sort(asked)
	slices.Sort(looked)
	median, undisturbed := asked[len(asked)/2], asked[len(asked)/10]
	b.ReportMetric(float64(median)/float64(len(ids)), "ns/look-up")
	b.ReportMetric(float64(undisturbed)/float64(len(ids)), "ns/undisturbed")
	b.ReportMetric(float64(undisturbed)/float64(looked[len(looked)/10]), "×map")
	b.ReportMetric(0, "ns/op") // of twenty rounds
}

// tenRounds leaves out the first, which brings the sellers into the processor's cache.
func tenRounds(b *testing.B, ids []string, ask func(ids []string) (yes int)) (took []time.Duration) {
	for range 10 {
		began := time.Now()
		if ask(ids) == 0 {
			b.Fatal("nobody can transact")
		}
		took = append(took, time.Since(began))
	}
	return took[1:]
}

func BenchmarkTableCanTransact(b *testing.B) {
	table := aMillion().table
	rounds(b, func(ids []string) (yes int) {
		for _, id := range ids {
			if table.CanTransact(id) {
				yes++
			}
		}
		return yes
	})
	b.ReportMetric(aMillion().average, "bytes/seller")
}

// BenchmarkReplicaReadiness asks one that holds a thousand sellers, through what stands between it and its table.
func BenchmarkReplicaReadiness(b *testing.B) {
	s := connecttest.Start(b)
	for _, id := range hot() {
		s.Set(client.Readiness{SellerID: id, CanTransact: true})
	}
	rep, err := s.Client().Replica(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	rounds(b, func(ids []string) (yes int) {
		for _, id := range ids {
			if r, ok := rep.Readiness(id); ok && r.CanTransact {
				yes++
			}
		}
		return yes
	})
}

func BenchmarkTableReadiness(b *testing.B) {
	table := aMillion().table
	rounds(b, func(ids []string) (yes int) {
		for _, id := range ids {
			if r, ok := table.Readiness(id); ok && r.CanTransact {
				yes++
			}
		}
		return yes
	})
}

// BenchmarkRWMutex is what most would write instead.
func BenchmarkRWMutex(b *testing.B) {
	var mu sync.RWMutex
	can := floor()
	rounds(b, func(ids []string) (yes int) {
		for _, id := range ids {
			mu.RLock()
			if can[id] {
				yes++
			}
			mu.RUnlock()
		}
		return yes
	})
}

func BenchmarkTableApply(b *testing.B) {
	table := aMillion().table
	b.ReportAllocs()
	r := ready(sellerID(1), 1)
	for b.Loop() {
		r.Version = table.Position() + 1
		if err := table.Apply(client.FeedEntry{Position: r.Version, SellerID: r.SellerID, Readiness: r}); err != nil {
			b.Fatal(err)
		}
	}
}
