package feed_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/feed"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/waittest"
)

// copied is a process with a copy.
type copied struct {
	process
	*feed.Copy
}

func (p process) copied() copied {
	p.t.Helper()
	c := copied{p, feed.OpenCopy(p.Feed)}
	postgrestest.CloseAtEnd(p.t, c.Copy)
	return c
}

// Close is the copy's.
func (c copied) await(s feed.Standing) {
	c.t.Helper()
	waittest.Until(c.t, fmt.Sprintf("the copy stands at %d", s), func() bool {
		_, _, now := c.Read("s1", 0)
		return now == s
	})
}

// holds holds that the copy answers of the seller what the database does, as of where that is.
func (c copied) holds(seller string) {
	c.t.Helper()
	want, at, err := c.registry.ReadinessOf(c.t.Context(), seller)
	if err != nil {
		c.t.Fatal(err)
	}
	var got client.Readiness
	var seen int64
	waittest.Until(c.t, "the copy answers", func() bool {
		var s feed.Standing
		got, seen, s = c.Read(seller, 0)
		return s == feed.Answers
	})
	if diff := cmp.Diff(want, got); diff != "" || seen != at.Position {
		c.t.Errorf("%s as of %d, want %d:\n%s", seller, seen, at.Position, diff)
	}
}

// TestACopyHoldsEverySeller: those that were there, in many pages, those that come, and that there are no others.
func TestACopyHoldsEverySeller(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	p.change(4)
	p.exec(`insert into sellers (id, account_id, readiness, digest, version, created_at)
		select 'x' || n, account_id, readiness || jsonb_build_object('seller_id', 'x' || n), digest, version, created_at
		from sellers, generate_series(1, 1700) n`)
	c := p.copied()
	for _, seller := range []string{"s1", "x1", "x1700", "nobody"} {
		c.holds(seller)
	}
	c.observe(granted(2), flipped(2, 1), flipped(1, 10))
	for _, seller := range []string{"s1", "s2"} {
		c.holds(seller)
	}
}

// TestACopyAnswersOnlyUnderItsLease, whatever has happened to the database meanwhile.
func TestACopyAnswersOnlyUnderItsLease(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	p.change(2)
	c := p.copied()
	c.holds("s1")
	c.exec(`alter table feed rename to hidden`)
	c.await(feed.Unleased)
	if _, ok := c.Position(); ok || c.Await(t.Context(), 0, time.Hour) {
		t.Error("it says where it is, or has somebody wait, without a lease")
	}
	c.exec(`alter table hidden rename to feed`)
	c.holds("s1")
}

// TestAHalfOpenListenerCostsTheLease.
func TestAHalfOpenListenerCostsTheLease(t *testing.T) {
	t.Parallel()
	pool := seeded(t)
	wire := newWire(t, pool.Config().ConnConfig)
	p := processBy(t, pool, wire.url)
	p.change(2)
	c := p.copied()
	for _, trouble := range []func(){wire.silence, wire.cut} {
		c.holds("s1")
		trouble()
		c.await(feed.Unleased)
	}
	c.holds("s1")
}

// TestACopyIsNeverBehindWhatItsProcessHasTold.
func TestACopyIsNeverBehindWhatItsProcessHasTold(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	p.change(3)
	c := p.copied()
	c.holds("s1")
	c.registry.Reach(registry.Place{Epoch: c.now().Epoch, Position: 4}) // another process's, that is being committed
	if _, _, s := c.Read("s1", 0); s != feed.Behind {
		t.Errorf("it stands at %d", s)
	}
	if c.Await(t.Context(), 0, time.Millisecond) {
		t.Error("it has caught up with what is not there")
	}
	caughtUp := make(chan bool)
	go func() { caughtUp <- c.Await(patient(t), 0, time.Hour) }()
	c.observe(flipped(1, 50))
	if !<-caughtUp {
		t.Error("it has not caught up")
	}
	c.holds("s1")
}

// TestACopyWaitsForAPosition that another process brings about.
func TestACopyWaitsForAPosition(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	p.change(3)
	c, other := p.copied(), processOn(t, p.pool)
	c.holds("s1")
	if _, _, s := c.Read("s1", 4); s != feed.Behind {
		t.Errorf("it stands at %d", s)
	}
	caughtUp := make(chan bool)
	go func() { caughtUp <- c.Await(patient(t), 4, time.Hour) }()
	other.observe(flipped(1, 50))
	if !<-caughtUp {
		t.Error("it has not caught up")
	}
	if ready, at, s := c.Read("s1", 4); s != feed.Answers || at < 4 || ready.Version != 4 {
		t.Errorf("version %d as of %d, it stands at %d", ready.Version, at, s)
	}
}

// TestACopyStartsOver where it can't go on: after a restore, with and without a new epoch, and after a hole.
func TestACopyStartsOver(t *testing.T) {
	t.Parallel()
	for name, upset := range map[string]func(copied){
		"a restore": func(c copied) {
			c.exec(`begin; delete from feed_entries where position > 4; delete from account_changes where position > 4;
				update sellers set version = 4, readiness = (select after from account_changes where position = 4); update feed set position = 4; end`)
			if _, err := c.restored(); err != nil {
				c.t.Error(err)
			}
		},
		"a restore of which nothing is said": func(c copied) {
			c.exec(`begin; delete from feed_entries where position > 4; delete from account_changes where position > 4;
				update sellers set version = 4, readiness = (select after from account_changes where position = 4); update feed set position = 4; end`)
			waittest.Until(c.t, "it is noticed", func() bool { return strings.Contains(c.log.String(), "the feed went back") })
		},
		"a hole": func(c copied) {
			c.exec(`begin; update feed set position = 9; update sellers set readiness = readiness || '{"display_name": "Found"}', version = 8;
				insert into account_changes select 9, account_id, seller_id, at, source, null, null, policy_version, before, after
					from account_changes where position = 6;
				insert into feed_entries select 9, 'check', at, seller_id, source, 6, as_of, checked_at from feed_entries where position = 6; end`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProcess(t)
			p.change(6)
			c := p.copied()
			c.holds("s1")
			waittest.Until(t, "the tail has come as far", func() bool { end, _ := p.Seen(); return end.Position == 6 })
			upset(c)
			waittest.Until(t, "it is filled anew", func() bool { return strings.Count(c.log.String(), "readiness is held in memory") > 1 })
			c.holds("s1")
			c.observe(flipped(1, 100))
			c.holds("s1")
		})
	}
}

// TestNothingIsAnsweredThatWasRestoredAway, once the feed is known to be behind it.
func TestNothingIsAnsweredThatWasRestoredAway(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	p.change(6)
	c := p.copied()
	c.holds("s1")
	waittest.Until(t, "the tail has come as far", func() bool { end, _ := p.Seen(); return end.Position == 6 })
	c.exec(`begin; delete from feed_entries where position > 2; delete from account_changes where position > 2;
		update sellers set version = 2, readiness = (select after from account_changes where position = 2); update feed set position = 2; end`)
	deadline := time.After(time.Minute)
	for restored := false; !restored; {
		end, _ := c.Seen()
		ready, at, s := c.Read("s1", 0)
		restored = s == feed.Answers && end.Position == 2
		if restored && ready.Version > 2 {
			t.Fatalf("version %d as of %d, and the feed is at %v", ready.Version, at, end)
		}
		select {
		case <-deadline:
			t.Fatal("waited too long for an answer")
		default:
		}
	}
}

// TestNoCopyNeverAnswers.
func TestNoCopyNeverAnswers(t *testing.T) {
	t.Parallel()
	var none *feed.Copy
	if _, _, s := none.Read("s1", 0); s != feed.Unfilled {
		t.Errorf("it stands at %d", s)
	}
	if _, ok := none.Position(); ok || none.Await(t.Context(), 0, time.Hour) {
		t.Error("it has a position")
	}
}
