package registry_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/registry"
)

// TestTheRowEndsAsStripesWhateverTheOrder lets a few accounts live a random life at a model of Stripe: they change, are
// connected, disconnected and connected again, while what tells of it arrives late, twice, in another order or never, in
// groups of any size at two registries on one database. At the end each row holds what Stripe holds; on the way no row
// says yes where it was told a later no.
func TestTheRowEndsAsStripesWhateverTheOrder(t *testing.T) {
	t.Parallel()
	t.Run("at two registries in turn", func(t *testing.T) {
		t.Parallel()
		checkHistories(t, &world{})
	})
	t.Run("with events that are lost", func(t *testing.T) {
		t.Parallel()
		checkHistories(t, &world{lossy: true}, "lost")
	})
	t.Run("at two registries at once", func(t *testing.T) {
		t.Parallel()
		checkHistories(t, &world{together: true})
	})
}

// checkHistories also fails where the histories did not live through everything that they are there for.
func checkHistories(t *testing.T, w *world, more ...string) {
	f := newFixture(t)
	w.pool, w.registries, w.lived = f.pool, []*registry.Registry{f.Registry, open(t, f.pool)}, map[string]int{}
	rapid.Check(t, w.live)
	w.holdCounts(t)
	for _, what := range append([]string{
		"tie", "tie applied", "race", "stale", "gone", "reconnect", "handover", "refused", "repeat", "unlink", "ignored",
	}, more...) {
		t.Logf("%5d × %s", w.lived[what], what)
		if w.lived[what] == 0 && !t.Failed() {
			t.Errorf("no history lived through: %s", what)
		}
	}
}

// world is what all histories share: one database, on which each has accounts and sellers of its own.
type world struct {
	pool       *pgxpool.Pool
	registries []*registry.Registry
	lived      map[string]int
	histories  int
	lossy      bool // events may be lost
	together   bool // both registries may commit at once; else they take turns, so that a failure can be repeated
}

// history is one random life.
type history struct {
	*rapid.T
	*world
	name     string
	stripe   *modelStripe
	accounts []string
	sellers  []string

	calls  []*call
	inbox  []message
	events int

	first map[string]registry.Outcome // of each event that has arrived
	known map[string][]told           // what each row could take in, in the order of arrival
	rows  map[string]client.Account   // as last seen
	taken map[grantID]bool            // the grants that were not refused
	lost  map[string]int              // the moment of the last event of an account that was lost, until it is retrieved

	settled int
	past    []answered // a seller's readiness now and then
}

func (w *world) live(t *rapid.T) {
	w.histories++
	h := &history{
		T: t, world: w, name: fmt.Sprintf("h%d", w.histories), stripe: newModelStripe(),
		first: map[string]registry.Outcome{}, known: map[string][]told{}, rows: map[string]client.Account{},
		taken: map[grantID]bool{}, lost: map[string]int{},
	}
	from := h.position()
	h.begin()
	pace := rapid.SampledFrom([]int{40, 40, 400}).Draw(t, "pace")
	for range rapid.IntRange(20, 200).Draw(t, "steps") {
		h.pass(pace)
		rapid.SampledFrom(steps).Draw(t, "step").do(h)
	}
	h.end()
	h.holdAgainstStripe()
	h.holdAgainstEachOther(from)
	h.holdPast()
}

// step is one thing that may happen; its name is what a failure prints.
type step struct {
	name string
	do   func(*history)
}

func (s step) String() string { return s.name }

var steps = slices.Concat(
	slices.Repeat([]step{{"change", (*history).change}}, 4),
	slices.Repeat([]step{{"retrieve", (*history).retrieve}}, 3),
	slices.Repeat([]step{{"progress", (*history).progress}}, 6),
	slices.Repeat([]step{{"arrive", (*history).someArrive}}, 6),
	[]step{
		{"wait", (*history).wait},
		{"deauthorize", (*history).deauthorize},
		{"deauthorize", (*history).deauthorize},
		{"exchange", (*history).exchange},
		{"exchange", (*history).exchange},
		{"unlink", (*history).unlink},
	},
)

// begin opens one to three accounts at Stripe, most of them connected and retrieved.
func (h *history) begin() {
	n := rapid.SampledFrom([]int{1, 1, 2, 3}).Draw(h.T, "accounts")
	for i := range n {
		h.accounts = append(h.accounts, fmt.Sprintf("acct_%s_%d", h.name, i))
		h.sellers = append(h.sellers, fmt.Sprintf("%s-s%d", h.name, i))
		h.stripe.open(h.accounts[i], h.drawFacts())
	}
	h.sellers = append(h.sellers, h.name+"-new")
	for i := range rapid.IntRange(0, n).Draw(h.T, "connected") {
		h.call(&call{kind: exchange, account: h.accounts[i], seller: h.sellers[i]})
	}
	h.finishCalls()
	h.allArrive()
	h.checkDue()
}

// end: all that is under way arrives; accounts of which something was lost are retrieved, as the four-weekly check would,
// with old events still to come; and what is due at once is, as the scan would.
func (h *history) end() {
	h.finishCalls()
	for h.checkLost() {
		h.allArrive()
	}
	h.allArrive()
	h.checkDue()
}

// checkLost retrieves the connected accounts of which something was lost since they were last retrieved.
func (h *history) checkLost() (found bool) {
	for _, id := range h.accounts {
		row, ok := h.read(id)
		if _, lost := h.lost[id]; lost && ok && row.DisconnectedAt == nil {
			h.call(&call{kind: retrieval, account: id, revision: row.Revision})
			found = true
		}
	}
	h.finishCalls()
	return found
}

func (h *history) checkDue() {
	later := time.Now().Add(time.Minute) // past the claim of who made the grant
	claims, err := h.registries[0].ClaimDue(h.Context(), later, time.Second, 10_000)
	if err != nil {
		h.Fatal(err)
	}
	for _, c := range claims {
		if slices.Contains(h.accounts, c.AccountID) {
			h.call(&call{kind: retrieval, account: c.AccountID, revision: c.Revision})
		}
	}
	h.finishCalls()
	h.allArrive()
}
