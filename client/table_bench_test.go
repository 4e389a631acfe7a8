package client_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
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

// rounds has ask called of the hot sellers, over and over, and reports what a call takes beside what a look-up in the floor
// takes in the same run.
func rounds(b *testing.B, ask func(ids []string) (yes int)) {
	ids, can := hot(), floor()
	runtime.GC()
	b.ReportAllocs()
	yes := 0
	for b.Loop() {
		yes += ask(ids)
	}
	took := b.Elapsed() / time.Duration(b.N)
	began := time.Now()
	for range b.N {
		for _, id := range ids {
			if can[id] {
				yes++
			}
		}
	}
	if yes == 0 {
		b.Error("nobody can transact")
	}
	floor := time.Since(began) / time.Duration(b.N)
	b.ReportMetric(float64(took)/float64(len(ids)), "ns/look-up")
	b.ReportMetric(float64(took)/float64(floor), "x-map")
	b.ReportMetric(0, "ns/op") // of a thousand
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
