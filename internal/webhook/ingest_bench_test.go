package webhook_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	changingAccounts = 300
	platformsLoad    = 32 // connections at which the goal is set
	leastGain        = 4  // times the floor

	lone = "connections=1"
	many = "connections=32"
)

// BenchmarkIngest says how many signed events a second are stored, delivered over HTTP to the real handler on a server that
// keeps what it has committed, the load's own work included. Each event is an account's whole object and changes one of 300
// accounts, each of which has one connection to be delivered on in order: an event that is stale fails the run.
//
// The floor is a lone connection: the same statements, one transaction an event. Where 32 connections don't reach four times
// that, the benchmark fails. "apart" is the load of 32 connections where each has a committer of its own: one transaction an
// event too, but as many at once as the database lets. Latencies at half the rate count from when an event was due to be sent.
//
// Compare ratios: on a machine that does other work all of it is slow, as the calibration tells. To see what bounds it:
//
//	go test ./internal/webhook -run '^$' -bench Ingest/connections=32 -benchtime 10s -cpuprofile cpu.out
//	go tool pprof -top webhook.test cpu.out
func BenchmarkIngest(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as serve does
	in := newIngest(b)
	rates := map[string]float64{}
	run := func(name string, connections func(*testing.B) []*connection, due pace) {
		b.Run(name, func(b *testing.B) {
			rates[name] = in.measure(b, connections(b), due)
			if floor := rates[lone]; floor > 0 {
				b.ReportMetric(rates[name]/floor, "×floor")
			}
		})
	}
	b.Run("calibration", calibrate)
	for _, n := range []int{1, platformsLoad, 128} {
		run(fmt.Sprintf("connections=%d", n), in.connect(n), atOnce)
	}
	run("apart", in.connectApart, atOnce)
	if reached := rates[many]; reached > 0 {
		run("half the rate", in.connect(platformsLoad), every(2/reached))
	}
	if rates[lone] > 0 && rates[many] > 0 && rates[many] < leastGain*rates[lone] {
		b.Errorf("%.0f events a second are less than %d times the floor of %.0f", rates[many], leastGain, rates[lone])
	}
}

// calibrate measures the machine: what else is measured says little where this was slow.
func calibrate(b *testing.B) {
	block := make([]byte, 1<<20)
	for b.Loop() {
		sha256.Sum256(block)
	}
}

// pace says when the i-th event is due.
type pace func(began time.Time, i int) time.Time

// atOnce: each connection delivers the next event when the one before was answered.
func atOnce(time.Time, int) time.Time { return time.Time{} }

// every makes one event due each so many seconds, whatever became of those before.
func every(seconds float64) pace {
	return func(began time.Time, i int) time.Time {
		return began.Add(time.Duration(float64(i) * seconds * float64(time.Second)))
	}
}

// measure delivers b.N events and reports what that took.
func (in *ingest) measure(b *testing.B, connections []*connection, due pace) (perSecond float64) {
	m := in.startMeter(b)
	latencies := deliverAll(b, connections, b.N, due)
	perSecond = m.report(b, b.N)
	slices.Sort(latencies)
	for name, at := range map[string]int{"p50-ms": b.N / 2, "p99-ms": b.N * 99 / 100} {
		b.ReportMetric(float64(latencies[at].Microseconds())/1000, name)
	}
	in.holdApplied(b)
	return perSecond
}

// deliverAll delivers n events, the i-th on connection i modulo their number.
func deliverAll(b *testing.B, connections []*connection, n int, due pace) []time.Duration {
	latencies := make([]time.Duration, n)
	began := time.Now()
	var running sync.WaitGroup
	for first, c := range connections {
		running.Go(func() {
			for i := first; i < n && !b.Failed(); i += len(connections) {
				sent := waitUntil(b.Context(), due(began, i))
				if err := c.deliverNext(); err != nil {
					b.Error(err)
				}
				latencies[i] = time.Since(sent)
			}
		})
	}
	running.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return latencies
}

// waitUntil waits for a moment, and returns it; without one it returns now.
func waitUntil(ctx context.Context, due time.Time) time.Time {
	if due.IsZero() {
		return time.Now()
	}
	select {
	case <-time.After(time.Until(due)):
	case <-ctx.Done():
	}
	return due
}
