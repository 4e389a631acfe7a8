//go:build faults

package faults

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var people = []string{"seller", "changer", "payer", "product", "receiver", "operator", "follower"}

// TestNothingIsLostWhateverBreaks breaks all that can break while everybody goes on, lets it settle, and holds every promise.
func TestNothingIsLostWhateverBreaks(t *testing.T) {
	if *judged != "" {
		judgeAgain(t)
		return
	}
	path := *kept
	if path == "" {
		path = artifact(t)
	}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	record := NewRecorder(file)
	record.Add(Line{Run: &Run{At: time.Now(), Seed: *seed, For: *duration, Faults: faultNames(), People: people}})
	t.Logf("seed %d; the record is in %s", *seed, path)
	w := newWorld(t, t.Context(), record)
	products, rest := w.begin()
	if err := w.breakThings(*seed, *duration); err != nil {
		t.Error(err)
	}
	rest()
	broken := w.settle(products)
	w.sayWhatCame(broken)
}

func judgeAgain(t *testing.T) {
	r, err := ReadReport(*judged)
	if err != nil {
		t.Fatal(err)
	}
	for _, sentence := range Judge(r) {
		t.Error(sentence)
	}
	t.Log(counts(r))
}

// begin has everybody start; rest waits until they have stopped. What follows goes on following.
func (w *world) begin() (products []*product, rest func()) {
	w.t.Helper()
	ctx, stop := context.WithCancel(w.ctx)
	var living sync.WaitGroup
	listens := &receiver{person: w.person("receiver", "receiver")}
	listens.listen(ctx)
	for i := range sellers {
		s := seller{w.person("seller", sellerName(i)), sellerName(i)}
		living.Go(func() { s.live(ctx, 3*time.Second, s.do) })
	}
	for i := range 2 {
		c, o, p := changer{w.person("changer", fmt.Sprint("changer-", i))}, operator{w.person("operator", fmt.Sprint("operator-", i))}, payer{w.person("payer", fmt.Sprint("payer-", i))}
		living.Go(func() { c.live(ctx, 400*time.Millisecond, c.do) })
		living.Go(func() { o.live(ctx, 3*time.Second, o.do) })
		living.Go(func() { p.live(ctx, time.Second, p.do) })
	}
	for _, r := range w.replicas {
		p := w.product(r)
		products = append(products, p)
		living.Go(func() { p.lookUp(ctx) })
		living.Go(func() { p.askAPI(ctx) })
	}
	reads := &follower{person: w.person("follower", "follower")}
	living.Go(func() { reads.live(ctx, 100*time.Millisecond, reads.do) })
	return products, func() { stop(); living.Wait() }
}

// counts are a line for each fault and each person, and what was late.
func counts(r Report) string {
	lines := []string{fmt.Sprintf("seed %d, for %v", r.Run.Seed, r.Run.For)}
	for _, name := range r.Run.Faults {
		n := 0
		for _, f := range r.Faults {
			if f.Name == name {
				n++
			}
		}
		lines = append(lines, fmt.Sprintf("%5d × %s", n, name))
	}
	for _, name := range r.Run.People {
		of := map[Outcome]int{}
		for _, c := range r.Calls {
			if c.Who == name {
				of[c.Outcome]++
			}
		}
		lines = append(lines, fmt.Sprintf("%5d ok, %d refused, %d unknown: %s", of[OK], of[Refused], of[Unknown], name))
	}
	lines = append(lines, fmt.Sprintf("%d accounts, %d exchanges, %d webhooks answered 200, %d positions, %d signed events, %d noes at Stripe",
		len(r.Accounts), len(r.Exchanges), len(r.Deliveries), len(r.Entries), len(r.Told), len(spells(r.Truths))))
	return strings.Join(append(lines, latest(r)), "\n")
}

// latest says how long the yeses stood that stood the longest.
func latest(r Report) string {
	var told, silent []time.Duration
	eachLate(r, func(s spell, _ Yes, stood time.Duration) {
		if s.silent {
			silent = append(silent, stood)
		} else {
			told = append(told, stood)
		}
	})
	return fmt.Sprintf("a yes stood into Stripe's no: %s where an event told of it, %s where only a check could", spread(told), spread(silent))
}

func spread(of []time.Duration) string {
	if len(of) == 0 {
		return "never"
	}
	slices.Sort(of)
	return fmt.Sprintf("%d times, median %v, longest %v", len(of), of[len(of)/2].Round(time.Millisecond), of[len(of)-1].Round(time.Millisecond))
}

// sayWhatCame says what came of it; of a failure the processes' last words too.
func (w *world) sayWhatCame(broken []string) {
	r := w.report()
	w.t.Log(counts(r))
	for _, sentence := range broken {
		w.t.Error(sentence)
	}
	if !w.t.Failed() {
		return
	}
	w.t.Logf("again: go test -tags=faults ./internal/faults -seed %d -for %v", r.Run.Seed, r.Run.For)
	for _, p := range w.replicas {
		w.t.Logf("replica %s:\n%s", p.name, tail(p.process.Log.String()))
	}
}
