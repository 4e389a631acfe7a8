package feed_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/feed"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/waittest"
)

// TestEachFollowerGetsEachEntryOnceInOrder while two processes commit, wherever the follower is and whenever it began.
func TestEachFollowerGetsEachEntryOnceInOrder(t *testing.T) {
	t.Parallel()
	const accounts, rounds = 8, 40
	const last = accounts * (1 + 2*rounds)
	a := newProcess(t)
	b := processOn(t, a.pool)
	var following, committing sync.WaitGroup
	ctx := patient(t)
	count := func(p process, after feed.Cursor, limit int) {
		following.Go(func() {
			next := after.Position + 1
			err := p.follow(ctx, after, limit, func(e feed.Entry) bool {
				if e.Position != next {
					t.Errorf("position %d, want %d", e.Position, next)
				}
				next++
				return e.Position < last
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	for i, p := range []process{a, b, a, b} {
		count(p, feed.Cursor{Epoch: 1}, []int{1, 3, 100, 1000}[i])
	}
	for i := range accounts {
		a.observe(granted(i))
	}
	for side, p := range []process{a, b} {
		committing.Go(func() {
			for round := range rounds {
				for i := range accounts {
					p.observe(flipped(i, 2*round+side))
				}
			}
		})
	}
	for range 20 {
		count(b, b.now(), 10)
	}
	committing.Wait()
	for i := 0; a.now().Position < last; i++ { // some events came too late to change anything
		a.observe(flipped(0, 10_000+i))
	}
	following.Wait()
}

// TestAnEntryHasTheReadinessOfItsMoment: a change its own, a check that of the change before it with the check's times; from
// memory and from the database alike.
func TestAnEntryHasTheReadinessOfItsMoment(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	p.observe(granted(1))
	on := true
	facts := account.Facts{Connected: true, DisplayName: "Blue Kiln", ChargesEnabled: &on, PayoutsEnabled: &on, DetailsSubmitted: &on}
	for i := range 2 {
		revision, err := p.registry.Revision(t.Context(), "acct_1")
		if err != nil {
			t.Fatal(err)
		}
		p.observe(registry.Retrieved(registry.Retrieval{
			AccountID: "acct_1", Source: registry.Recheck, Revision: revision, Interval: account.At(t0.Add(time.Duration(i+1) * time.Minute)),
		}, facts))
	}
	entries := p.read(feed.Cursor{Epoch: 1}).Entries
	if len(entries) != 3 {
		t.Fatalf("%d entries: %+v", len(entries), entries)
	}
	var got []client.FeedEntry
	for _, e := range entries {
		var decoded client.FeedEntry
		if err := json.Unmarshal(e.JSON, &decoded); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e.FeedEntry, decoded); diff != "" {
			t.Error(diff)
		}
		got = append(got, decoded)
	}
	change, check := got[1], got[2]
	if got[0].Source != "oauth" || change.Kind != "change" || check.Kind != "check" || check.Source != "recheck" || change.Readiness.Status != "enabled" {
		t.Errorf("entries %+v", got)
	}
	if !check.Readiness.CheckedAt.After(*change.Readiness.CheckedAt) || !check.Readiness.AsOf.After(*change.Readiness.AsOf) {
		t.Errorf("the check's times %v, %v are not newer than the change's", check.Readiness.CheckedAt, check.Readiness.AsOf)
	}
	want := change.Readiness
	want.CheckedAt, want.AsOf = check.Readiness.CheckedAt, check.Readiness.AsOf
	if diff := cmp.Diff(want, check.Readiness); diff != "" || want.Version != 2 {
		t.Errorf("a check differs in more than its times:\n%s", diff)
	}
	waittest.Until(t, "the tail has come as far", func() bool { end, _ := p.Seen(); return end.Position == 3 })
	if diff := cmp.Diff(got, fromMemory(p)); diff != "" {
		t.Errorf("memory and database differ:\n%s", diff)
	}
}

func fromMemory(p process) (entries []client.FeedEntry) {
	p.exec(`alter table feed_entries rename to hidden`) // so that nothing can come from there
	defer p.exec(`alter table hidden rename to feed_entries`)
	for _, e := range p.read(feed.Cursor{Epoch: 1}).Entries {
		entries = append(entries, e.FeedEntry)
	}
	return entries
}

// TestCursorsFromWhichNobodyCanGoOn, and those beside them from which one can.
func TestCursorsFromWhichNobodyCanGoOn(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	p.change(6)
	p.wantGone(feed.Cursor{Epoch: 1, Position: 7}, "past the feed's end")
	p.wantGone(feed.Cursor{Epoch: 2, Position: 3}, "another epoch")
	p.exec(`delete from feed_entries where position <= 3`)
	q := processOn(t, p.pool) // p has them in memory
	q.wantGone(feed.Cursor{Epoch: 1}, "no longer has")
	q.wantGone(feed.Cursor{Epoch: 1, Position: 2}, "no longer has")
	for position, want := range map[int64]int{3: 3, 5: 1, 6: 0} {
		if found := q.read(feed.Cursor{Epoch: 1, Position: position}); len(found.Entries) != want || found.Next != (feed.Cursor{Epoch: 1, Position: 6}) {
			t.Errorf("after %d: %d entries, next %s", position, len(found.Entries), found.Next)
		}
	}
	if oldest, err := q.Oldest(t.Context()); oldest.Position != 3 || err != nil {
		t.Errorf("the oldest is after %s, %v", oldest, err)
	}
	q.exec(`delete from feed_entries`)
	if oldest, err := q.Oldest(t.Context()); oldest.Position != 6 || err != nil {
		t.Errorf("of an empty feed it is after %s, %v", oldest, err)
	}
	if strings.Contains(q.log.String(), "hole") {
		t.Error("what was kept for long enough was taken for a hole")
	}
}

// TestAHoleIsLoudAndNobodyIsLedAcrossIt.
func TestAHoleIsLoudAndNobodyIsLedAcrossIt(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	p.change(6)
	p.exec(`delete from feed_entries where position = 4`)
	q := processOn(t, p.pool)
	found := q.read(feed.Cursor{Epoch: 1})
	if len(found.Entries) != 3 || found.Next.Position != 3 {
		t.Errorf("%d entries, next %s", len(found.Entries), found.Next)
	}
	q.wantGone(found.Next, "no longer has")
	if !strings.Contains(q.log.String(), "the feed has a hole") || !strings.Contains(q.log.String(), "position=4") {
		t.Error("nothing was logged")
	}
	if found := q.read(feed.Cursor{Epoch: 1, Position: 4}); len(found.Entries) != 2 {
		t.Errorf("%d entries after the hole", len(found.Entries))
	}
}

// TestARestoreUnderARunningProcess: those who wait are woken and told, and the feed goes on in the new epoch.
func TestARestoreUnderARunningProcess(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	p.change(6)
	at := p.now()
	waittest.Until(t, "the tail has come as far", func() bool { end, _ := p.Seen(); return end == at })
	waits := make(chan error, 1)
	go func() {
		waits <- p.follow(patient(t), at, 10, func(feed.Entry) bool { return false })
	}()
	p.exec(`begin; delete from feed_entries where position > 4; delete from account_changes where position > 4; update feed set position = 4; end`)
	if err := <-waits; account.KindOf(err) != account.Expired {
		t.Errorf("who waited got %v", err)
	}
	waittest.Until(t, "it is logged", func() bool { return strings.Contains(p.log.String(), "run connectd migrate restored") })
	first, err := p.restored()
	if err != nil || first.Epoch <= 1 || first.Position != 4 {
		t.Fatalf("%s, %v", first, err)
	}
	waittest.Until(t, "the tail is in the new epoch", func() bool { end, _ := p.Seen(); return end == first })
	p.wantGone(feed.Cursor{Epoch: 1, Position: 3}, "another epoch")
	p.observe(flipped(1, 101))
	if found := p.read(first); len(found.Entries) != 1 || found.Next.Position != 5 {
		t.Errorf("after the restore: %+v", found)
	}
	second, err := p.restored()
	if err != nil || second.Epoch <= first.Epoch {
		t.Errorf("the second restore raised %s to %s, %v", first, second, err)
	}
}

func (p process) restored() (feed.Cursor, error) {
	return feed.Restored(p.t.Context(), p.queries(), time.Now())
}
