package registry_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/connectd/connectd/internal/registry"
)

const full = 256 // observations that a group takes at the most

// The database refuses one event's payload, so that the group fails: only that event does.
func TestOneBadEventOfAFullGroupFailsAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tr := &traffic{accounts: full, second: 10}
	f.observe(tr.grants()...)
	obs := tr.events(full)
	const at = 100
	poison := event("evt_poison", "account.updated", t0)
	poison.Payload = "\x00"
	obs[at] = registry.Unreadable(poison, "test")
	outs, err := f.Observe(t.Context(), obs)
	if err == nil {
		t.Error("the bad event was stored")
	}
	for i, out := range outs {
		if i != at && out.Result != registry.Applied {
			t.Errorf("event %d: %+v", i, out)
		}
	}
	f.wantLines(`select count(*)::text from stripe_events where outcome = 'applied'`, fmt.Sprint(full-1))
	f.wantLines(`select (position = (select count(*) from feed_entries))::text from feed`, "true")
}

// Fifty events of one account, newest anywhere, in one group: those that are newer than what came before apply, the row ends
// as the newest says, and the group is one change.
func TestFiftyEventsOfOneAccountInOneGroup(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	changes := f.lines(`select count(*)::text from account_changes`)[0]
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	order := rand.New(rand.NewPCG(seed, 0)).Perm(50)
	var obs []registry.Observation
	for _, second := range order {
		facts := working()
		if second%2 == 1 { // 49 is the newest
			facts = chargesOff()
		}
		obs = append(obs, updated(fmt.Sprintf("evt_%d", second), at(10+second), facts))
	}
	newest := -1
	for i, out := range f.observe(obs...) {
		want := registry.Stale
		if order[i] > newest {
			newest, want = order[i], registry.Applied
		}
		if out.Result != want {
			t.Errorf("event of second %d: %+v, want %s", order[i], out, want)
		}
	}
	f.wantStatus("restricted")
	f.wantLines(`select (count(*) - `+changes+`)::text from account_changes`, "1")
	f.wantLines(`select count(*)::text from stripe_events`, "50")
}

// Two processes' committers, each with a full group in the opposite order: of the same accounts, then of the same events,
// which no account's lock keeps apart. Neither ever waits for the other in a circle: a deadlock would be a warning, as the
// group is then tried one by one.
func TestFullGroupsInOppositeOrderDoNotDeadlock(t *testing.T) {
	t.Parallel()
	const accounts, rounds = 64, 20
	f := newFixture(t)
	cfg := registry.Config{Logger: slog.New(slog.NewTextHandler(failing{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	f.observe((&traffic{accounts: accounts}).grants()...)
	sides := []*registry.Registry{openAs(t, f.pool, cfg), openAs(t, f.pool, cfg)}
	for round := range rounds {
		var wg sync.WaitGroup
		for side, r := range sides {
			obs := sameAccounts(side, round, accounts)
			if round%2 == 1 {
				obs = sameEvents(round)
			}
			if side == 1 {
				slices.Reverse(obs)
			}
			wg.Go(func() {
				if _, err := r.Observe(context.Background(), obs); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	f.wantLines(`select count(*)::text from stripe_events`, fmt.Sprint(rounds/2*full*3))
	f.wantLines(`select (position = (select count(*) from feed_entries))::text from feed`, "true")
}

func sameAccounts(side, round, accounts int) []registry.Observation {
	var obs []registry.Observation
	for i := range full {
		e := event(fmt.Sprintf("evt_%d_%d_%d", side, round, i), "account.updated", at(10+round*4+i/accounts))
		e.Account = fmt.Sprintf("acct_%d", i%accounts)
		facts := working()
		if (round+side+i/accounts)%2 == 0 {
			facts = chargesOff()
		}
		obs = append(obs, registry.Reported(e, facts))
	}
	return obs
}

func sameEvents(round int) []registry.Observation {
	var obs []registry.Observation
	for i := range full {
		obs = append(obs, registry.Ignored(event(fmt.Sprintf("evt_%d_%d", round, i), "charge.succeeded", t0), "test"))
	}
	return obs
}

// failing fails the test by what is written to it.
type failing struct{ t *testing.T }

func (f failing) Write(line []byte) (int, error) {
	f.t.Errorf("%s", line)
	return len(line), nil
}
