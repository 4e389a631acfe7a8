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

// acts are what is done, and has come off, before anything is broken: a link, a way back with a code, a product, a payment, an
// unlinking, a new holder and a check.
var acts = []string{"link", "code", "product", "sale", "ended", "held", "recheck"}

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
	record.Add(Line{Run: &Run{At: time.Now(), Seed: *seed, For: *duration, Faults: faultNames(), People: people, Acts: acts}})
	t.Logf("seed %d; the record is in %s", *seed, path)
	w := newWorld(t, t.Context(), record)
	products, rest, stop := w.begin()
	w.wait()
	if err := w.breakThings(*seed, *duration); err != nil {
		t.Error(err)
	}
	rest()
	w.settle(products)
	stop()
	w.sayWhatCame()
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

// begin has everybody start. rest waits until those have stopped who change something, stop until those have too who only look.
func (w *world) begin() (products []*product, rest, stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.ctx)
	looking, cancelLooking := context.WithCancel(w.ctx)
	var living, eyes sync.WaitGroup
	listens := &receiver{person: w.person("receiver", "receiver")}
	listens.listen(ctx)
	for i := range sellers {
		s := seller{w.person("seller", sellerName(i)), sellerName(i)}
		living.Go(func() { s.live(ctx, 3*time.Second, s.do) })
	}
	for i := range 2 {
		c, o, p := changer{w.person("changer", fmt.Sprint("changer-", i))}, w.operator(fmt.Sprint("operator-", i)), payer{w.person("payer", fmt.Sprint("payer-", i))}
		living.Go(func() { c.live(ctx, time.Second, c.do) })
		living.Go(func() { o.live(ctx, 3*time.Second, o.do) })
		living.Go(func() { p.live(ctx, time.Second, p.do) })
	}
	for _, r := range w.replicas {
		p := w.product(r)
		products = append(products, p)
		eyes.Go(func() { p.lookUp(looking) })
		eyes.Go(func() { p.askAPI(looking) })
	}
	reads := &follower{person: w.person("follower", "follower")}
	eyes.Go(func() { reads.live(looking, 100*time.Millisecond, reads.do) })
	return products, func() { cancel(); living.Wait() }, func() { cancelLooking(); eyes.Wait() }
}

// wait waits until each act has come off once, which a run says where it never does.
func (w *world) wait() {
	for soon := time.Now().Add(2 * time.Minute); time.Now().Before(soon); pause(w.ctx, 100*time.Millisecond) {
		did := map[string]bool{}
		for _, c := range w.report().Calls {
			did[c.act()] = did[c.act()] || c.Outcome == OK
		}
		if !slices.ContainsFunc(acts, func(act string) bool { return !did[act] }) {
			return
		}
	}
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
	lines = append(lines, fmt.Sprintf("%d accounts, %d exchanges, %d webhooks answered 200, %d positions, %d signed events, %d mails, %d noes at Stripe, %d deauthorizations that a check had to confirm",
		len(r.Accounts), len(r.Exchanges), len(r.Deliveries), len(r.Entries), len(r.Told), len(r.Mails), len(spells(r.Truths)), ties(r)))
	return strings.Join(append(lines, latest(r)), "\n")
}

func ties(r Report) (n int) {
	for effect := range r.Stored {
		if strings.HasPrefix(effect, "tie ") {
			n++
		}
	}
	return n
}

// latest says how long the yeses stood that stood the longest.
func latest(r Report) string {
	var told, silent []time.Duration
	eachLate(r, func(s spell, _ Yes, stood time.Duration) {
		if s.first.Silent {
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
func (w *world) sayWhatCame() {
	r := w.report()
	w.t.Log(counts(r))
	for _, sentence := range Judge(r) {
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
