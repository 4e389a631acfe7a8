package scan_test

import (
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/scan"
)

// TestPassThatWouldUseUpTheReadsGoesByTheList: unless the list takes more calls.
func TestPassThatWouldUseUpTheReadsGoesByTheList(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.passes.Allotted(100, recheckEvery)
	ids := p.order(120)
	p.wantAsked(2, 0, func() { p.tick() })
	p.advance(time.Hour)
	for _, id := range ids[:2] {
		if err := p.registry.Wish(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	p.wantAsked(0, 2, func() { p.tick() })
}

// TestReadsOfBeforeCount: what was read in the last 30 days is used up.
func TestReadsOfBeforeCount(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.passes.Allotted(1000, recheckEvery)
	p.order(120)
	if _, err := p.pool.Exec(t.Context(), `insert into stripe_reads (day, n) values ($1, 900)`, p.clock.Now().Add(-7*day)); err != nil {
		t.Fatal(err)
	}
	p.wantAsked(2, 0, func() { p.tick() })
}

// TestAMonthThatWouldUseUpTheReadsGoesByTheList: once the first account is due by the calendar, all are checked; what is looked at
// sooner is retrieved.
func TestAMonthThatWouldUseUpTheReadsGoesByTheList(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.passes.Allotted(125, recheckEvery) // 120 accounts take 128 in 30 days
	ids := p.order(120)
	p.wantAsked(0, 120, func() { p.tick() }) // nobody has checked them: the calendar does not ask for that
	p.advance(10 * day)
	if err := p.registry.Wish(t.Context(), ids[0]); err != nil {
		t.Fatal(err)
	}
	p.wantAsked(0, 1, func() { p.tick() })
	p.advance(17 * day)
	p.wantAsked(2, 0, func() { p.tick() })
	if n := p.unchecked(p.clock.Now()); n != 0 {
		t.Errorf("%d accounts were not checked", n)
	}
	p.advance(9 * day) // when the first that was wished for would have been due
	p.wantAsked(0, 0, func() { p.tick() })
}

func TestMethodThatIsAskedForIsTaken(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.passes.Allotted(10, recheckEvery)
	p.order(120)
	if _, err := p.passes.Start(t.Context(), account.Actor{Name: "ann"}, scan.All, scan.Retrieve, p.clock.Now()); err != nil {
		t.Fatal(err)
	}
	p.wantAsked(0, 120, func() { p.tick() })
}
