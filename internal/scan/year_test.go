package scan_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
)

// year is a year of accounts' lives, of which the test lives every hour: the service restarts, is down for weeks, and its
// clock jumps, each at random times.
type year struct {
	*place         // the replica that is alive
	first   *place // to look on from
	random  *rand.Rand
	hourly  cron.Schedule
	lives   map[string]*life // by account
	ordered []*life

	mu   sync.Mutex         // an answer may come after a kill
	dies context.CancelFunc // at the next answer of Stripe's; nil: the service lives on

	ticks, checks, restarts, downtimes, jumps, cuts int
}

// life is what one account has met.
type life struct {
	id     string
	ladder []time.Duration // how long it may be left alone after each check; the last stays
	rung   int

	asked   map[string]int // how often, by pass
	cut     map[string]int // claims that a restart cut, by pass
	inHand  bool           // asked for since it was last looked at
	waited  time.Duration  // of the service's being up, since the last check
	alone   time.Duration  // since the last check, the service being up or not
	ahead   time.Duration  // by how much the clock has jumped on since
	behind  time.Duration  // and back, where that is too little for connectd to tell
	recalls bool           // connectd may have found that it was put off by a clock that was ahead
}

var (
	inOrder    = []time.Duration{recheckEvery}
	notInOrder = []time.Duration{time.Hour, 6 * time.Hour, day, 7 * day}
)

const (
	sooner     = 2 * day // than after four weeks an account may be checked, so that checks spread
	tickLate   = time.Hour
	claimLasts = 15 * time.Second
)

func TestEachAccountIsCheckedEveryFourWeeksOfAYear(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d: put in rand.Uint64's place it gives the same year", seed)
	y := newYear(t, rand.New(rand.NewPCG(seed, 0))) //nolint:gosec // a test's
	for hour, event := range y.plan() {
		y.hour()
		if event != nil {
			event()
		}
		if y.t.Failed() {
			t.Fatalf("in hour %d", hour)
		}
	}
	t.Logf("%d ticks, %d checks, %d restarts that cut %d claims, %d downtimes, %d jumps of the clock",
		y.ticks, y.checks, y.restarts, y.cuts, y.downtimes, y.jumps)
	if slices.Min([]int{y.ticks, y.checks, y.restarts, y.cuts, y.downtimes, y.jumps}) == 0 {
		t.Error("the year was too quiet to tell")
	}
	y.climbed()
}

func newYear(t *testing.T, random *rand.Rand) *year {
	t.Helper()
	hourly, err := cron.ParseStandard("0 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	p := newPlace(t)
	y := &year{place: p, first: p, random: random, hourly: hourly, lives: map[string]*life{}}
	for i, id := range y.connectDue(8) {
		l := &life{id: id, ladder: inOrder, asked: map[string]int{}, cut: map[string]int{}}
		if i < 2 {
			l.ladder = notInOrder
			y.saysNo([]string{id})
		}
		y.lives["/v1/accounts/"+id] = l
		y.ordered = append(y.ordered, l)
	}
	y.stripe.onAnswer(y.answered)
	return y
}

// plan is what happens after each hour of the year, nil where nothing does.
func (y *year) plan() []func() {
	events := make([]func(), 365*24)
	put := func(n int, event func()) {
		for range n {
			events[y.random.IntN(len(events))] = event
		}
	}
	put(25, func() { y.restart(); y.tick() })
	put(12, func() { y.jump(time.Duration(y.random.Int64N(int64(2*sooner))) - sooner) })
	put(6, y.downtime)
	for range 3 {
		from := y.random.IntN(len(events) - 2)
		events[from] = func() { y.jump(400 * day) } // and back again, with all that was put off until then
		events[from+1] = func() { y.jump(-400 * day) }
	}
	return events
}

// hour lets connectd's clock come to its next tick.
func (y *year) hour() {
	now := y.stripe.ours()
	y.live(y.hourly.Next(now).Sub(now), func(l *life, d time.Duration) { l.waited += d })
	y.tick()
}

// live lets time go by; up says what it was to each account that the service was up, nil where it was not.
func (y *year) live(d time.Duration, up func(*life, time.Duration)) {
	y.advance(d)
	for _, l := range y.ordered {
		l.alone += d
		if up != nil {
			up(l, d)
		}
	}
}

func (y *year) tick() {
	y.t.Helper()
	y.ticks++
	if _, err := y.scanner.Tick(y.t.Context(), y.stripe.ours()); err != nil {
		y.t.Fatal(err)
	}
	y.settle()
	for _, l := range y.ordered {
		if most := l.wait() + tickLate + l.behind; l.waited > most {
			y.t.Errorf("account %s was left alone for %s of the service's time, want at most %s", l.id, l.waited, most)
		}
	}
}

func (l *life) wait() time.Duration { return l.ladder[min(l.rung, len(l.ladder)-1)] }

// answered notes what Stripe was asked for, and kills the service where the test is about to.
func (y *year) answered(path string) {
	l := y.lives[path]
	if l == nil {
		return
	}
	pass, open, err := y.first.passes.Current(context.WithoutCancel(y.first.t.Context()), y.first.stripe.ours())
	if err != nil || !open {
		y.first.t.Errorf("account %s was retrieved in no pass: %v", l.id, err)
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	l.asked[pass.ID]++
	l.inHand = true
	if l.asked[pass.ID] > 1+l.cut[pass.ID] && y.dies == nil {
		y.first.t.Errorf("account %s was retrieved %d times in a pass, of which restarts cut %d claims", l.id, l.asked[pass.ID], l.cut[pass.ID])
	}
	if y.dies != nil {
		y.dies()
	}
}

// settle holds that no account was checked too soon.
func (y *year) settle() {
	y.mu.Lock()
	defer y.mu.Unlock()
	begun := y.checks >= len(y.ordered) // who connected them has not checked them
	for _, l := range y.ordered {
		if !l.inHand {
			continue
		}
		least := l.wait() - l.ahead
		if l.wait() == recheckEvery {
			least -= sooner
		}
		if begun && l.alone < least && !l.recalls {
			y.t.Errorf("account %s was checked again after %s, want %s", l.id, l.alone, least)
		}
		if begun {
			l.rung++
		}
		y.checks++
		l.inHand, l.waited, l.alone, l.ahead, l.behind, l.recalls = false, 0, 0, 0, 0, false
	}
}

// restart makes the service anew on its database, as after a deploy.
func (y *year) restart() {
	y.restarts++
	if err := y.registry.Close(y.t.Context()); err != nil {
		y.t.Error(err)
	}
	y.place = openPlace(y.t, y.pool, y.clock, y.stripe, 1+float64(y.random.IntN(20)))
}

// downtime is some weeks; where the service is killed once more in the pass that follows, the next one goes on with it.
func (y *year) downtime() {
	y.downtimes++
	y.live(time.Duration(y.random.Int64N(int64(28*day)))+14*day, nil)
	y.restart()
	if y.random.IntN(3) > 0 {
		y.kill()
	}
	y.tick()
}

// kill ends the service at Stripe's first answer, which is not stored, or is without its knowing.
func (y *year) kill() {
	ctx, cancel := context.WithCancel(y.t.Context())
	defer cancel()
	y.diesBy(cancel)
	_, err := y.scanner.Tick(ctx, y.stripe.ours())
	y.gate.Close() // Stripe may still be answering the one that was killed
	y.restart()
	y.diesBy(nil)
	if err == nil {
		return // nothing was due
	}
	y.forgo()
	y.live(claimLasts, func(l *life, d time.Duration) { l.waited += d })
}

func (y *year) diesBy(end context.CancelFunc) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.dies = end
}

// forgo lets the accounts be retrieved once more whose claim the restart has cut.
func (y *year) forgo() {
	pass, _, err := y.passes.Current(y.t.Context(), y.stripe.ours())
	if err != nil {
		y.t.Fatal(err)
	}
	for _, l := range y.ordered {
		if y.heldBack(l.id) > 0 {
			y.mu.Lock()
			l.cut[pass.ID]++
			y.mu.Unlock()
			y.cuts++
		}
	}
}

func (y *year) jump(by time.Duration) {
	y.jumps++
	y.stripe.wrong.Add(int64(by))
	for _, l := range y.ordered {
		switch {
		case by > 0:
			l.ahead += by
		case by > -sooner:
			l.behind -= by
		}
		l.recalls = l.recalls || by < 0
	}
}

// climbed holds that those not in order were checked by the ladder, and the others not.
func (y *year) climbed() {
	for _, l := range y.ordered {
		if strings.HasSuffix(l.id, "000") && l.rung < 30 || l.rung < 8 {
			y.t.Errorf("account %s was checked %d times in the year", l.id, l.rung)
		}
	}
}
