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

func BenchmarkTableCanTransact(b *testing.B) {
	table, ids := aMillion().table, hot()
	b.ReportAllocs()
	yes := 0
	for i := 0; b.Loop(); i++ {
		if table.CanTransact(ids[i%len(ids)]) {
			yes++
		}
	}
	if yes == 0 {
		b.Error("nobody can transact")
	}
	b.ReportMetric(aMillion().average, "bytes/seller")
}

func BenchmarkTableReadiness(b *testing.B) {
	table, ids := aMillion().table, hot()
	b.ReportAllocs()
	var r client.Readiness
	for i := 0; b.Loop(); i++ {
		r, _ = table.Readiness(ids[i%len(ids)])
	}
	runtime.KeepAlive(&r)
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
