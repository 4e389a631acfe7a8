package feed_test

import (
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/feed"
	"github.com/connectd/connectd/internal/waittest"
)

func (p process) queries() *db.Queries { return db.New(p.pool) }

// TestANotifyOnlyShortensTheWait: what is committed without one is found too.
func TestANotifyOnlyShortensTheWait(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	p.change(2)
	waittest.Until(t, "the tail is there", func() bool { end, _ := p.Seen(); return end.Position == 2 })
	p.exec(`begin; update feed set position = 3;
		insert into feed_entries select 3, 'check', at, seller_id, source, 2, as_of, checked_at from feed_entries where position = 2; end`)
	err := p.follow(patient(t), feed.Cursor{Epoch: 1, Position: 2}, 10, func(e feed.Entry) bool { return e.Position < 3 })
	if err != nil {
		t.Error(err)
	}
}

// TestACutTailGoesOnWhereItWas, whether it is told of the cut or not, and those who follow notice nothing but the time it
// takes.
func TestACutTailGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	pool := seeded(t)
	wire := newWire(t, pool.Config().ConnConfig)
	p := processBy(t, pool, wire.url)
	p.observe(granted(1))
	const last = 30
	seen := make(chan int64)
	go func() {
		defer close(seen)
		err := p.follow(patient(t), feed.Cursor{Epoch: 1}, 10, func(e feed.Entry) bool {
			seen <- e.Position
			return e.Position < last
		})
		if err != nil {
			t.Error(err)
		}
	}()
	next := int64(1)
	for position := range seen {
		if position != next {
			t.Errorf("position %d, want %d", position, next)
		}
		next++
		switch position {
		case 10:
			wire.cut()
		case 20:
			wire.silence()
		}
		if position < last {
			p.observe(flipped(1, int(position)))
		}
	}
	if next != last+1 || wire.dialed.Load() < 3 {
		t.Errorf("it came to %d over %d connections", next-1, wire.dialed.Load())
	}
}

// TestItSaysWhenItCannotTellWhetherThereIsMore.
func TestItSaysWhenItCannotTellWhetherThereIsMore(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	p.change(2)
	waittest.Until(t, "it is fresh", p.Fresh)
	p.exec(`alter table feed rename to hidden`)
	waittest.Until(t, "it is fresh no more", func() bool { return !p.Fresh() })
	if !strings.Contains(p.log.String(), "the feed can't be read") {
		t.Error("nothing was logged")
	}
	p.exec(`alter table hidden rename to feed`)
	waittest.Until(t, "it is fresh again", p.Fresh)
}

// TestAProcessThatIsFarBehindCatchesUp in many pages.
func TestAProcessThatIsFarBehindCatchesUp(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	p.change(2)
	waittest.Until(t, "the tail is there", func() bool { end, _ := p.Seen(); return end.Position == 2 })
	p.exec(`begin; update feed set position = 2500;
		insert into feed_entries select n, 'check', at, seller_id, source, 2, as_of, checked_at
		from feed_entries, generate_series(3, 2500) n where position = 2; end`)
	next := int64(1)
	err := p.follow(patient(t), feed.Cursor{Epoch: 1}, 1000, func(e feed.Entry) bool {
		if e.Position != next {
			t.Errorf("position %d, want %d", e.Position, next)
		}
		next++
		return e.Position < 2500
	})
	if err != nil {
		t.Error(err)
	}
}

func TestADrainEndsWhatWaitsAndReadingGoesOn(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	p.change(2)
	waits, stop := p.While(patient(t))
	defer stop()
	p.Drain()
	<-waits.Done()
	if found := p.read(feed.Cursor{Epoch: 1}); len(found.Entries) != 2 {
		t.Errorf("%d entries", len(found.Entries))
	}
}
