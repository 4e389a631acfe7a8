package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
)

// told is a fleet whose changes a receiver is told of.
type told struct {
	*fleet
	registry *registry.Registry

	mu     sync.Mutex
	secret string
	ids    map[string][]string // of each change, those that came, repeats too
	hang   chan struct{}       // while there is one, answers wait for it
	wrong  []error
}

func newTold(t *testing.T, accounts int) *told {
	t.Helper()
	f := &told{fleet: newFleet(t, accounts), ids: map[string][]string{}}
	reg, err := registry.New(t.Context(), f.pool, registry.Config{})
	if err != nil {
		t.Fatal(err)
	}
	f.registry = reg
	t.Cleanup(func() { _ = reg.Close(t.Context()) })
	return f
}

// listen makes the endpoint, by a replica.
func (f *told) listen(r *replica) {
	f.t.Helper()
	receiver := f.receiver()
	key, _, code := connectd(f.t, f.env(), "keys", "create", "--name", "events", "--scope", "events:write")
	if code != 0 {
		f.t.Fatal(code)
	}
	w := walk{f.t, walktest.Walk{Ready: r.ready}}
	w.APIKey = key[:len(key)-1]
	var made client.EventEndpoint
	w.API(f.t, http.MethodPost, "/v1/event-endpoints", `{"url":"`+receiver+`"}`, http.StatusCreated, &made)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.secret = made.Secret
}

// receiver is the address of what is told.
func (f *told) receiver() string {
	server := httptest.NewServer(f)
	f.t.Cleanup(server.Close)
	return server.URL
}

func (f *told) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if hang := f.take(r.Header, body, err); hang != nil {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (f *told) take(header http.Header, body []byte, err error) chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		return f.hang // the sender was killed
	}
	e, err := client.VerifyEvent(f.secret, header, body)
	if err != nil {
		f.wrong = append(f.wrong, err)
		return f.hang
	}
	change := fmt.Sprintf("%d %s", e.Sequence, e.Type)
	f.ids[change] = append(f.ids[change], e.ID)
	return f.hang
}

// came is what came of each change so far.
func (f *told) came() map[string][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	copied := map[string][]string{}
	for change, ids := range f.ids {
		copied[change] = append([]string{}, ids...)
	}
	for _, err := range f.wrong {
		f.t.Error(err)
	}
	return copied
}

// change makes one change of the i-th account.
func (f *told) change(i int) {
	f.t.Helper()
	yes := true
	event := registry.Event{ID: fmt.Sprintf("evt_%d", i), Type: "account.updated", Account: f.fleet.ids[i], Created: time.Now().Add(time.Minute)}
	outs, err := f.registry.Observe(f.t.Context(), []registry.Observation{registry.Reported(event, account.Facts{
		Connected: true, DisplayName: "Blue Kiln", ChargesEnabled: &yes, PayoutsEnabled: &yes, DetailsSubmitted: &yes,
	})})
	if err != nil || outs[0].Result != registry.Applied {
		f.t.Fatal(outs, err)
	}
}

// holdEachOnce: what came of a change has one id, however often it came.
func (f *told) holdEachOnce(changes int) {
	f.t.Helper()
	came := f.came()
	if len(came) != changes {
		f.t.Errorf("of %d changes %d came", changes, len(came))
	}
	seen := map[string]bool{}
	for change, ids := range came {
		for _, id := range ids {
			if id != ids[0] {
				f.t.Errorf("change %s came as %v", change, ids)
			}
		}
		if seen[ids[0]] {
			f.t.Errorf("%s is the id of two changes", ids[0])
		}
		seen[ids[0]] = true
	}
	if n := ask[int](f.fleet, "select count(*) from deliveries")[0]; n != changes {
		f.t.Errorf("of %d changes there are %d deliveries", changes, n)
	}
}

// TestAKillBeforeTheCommitTellsNothing kills connectd with the jobs of a change written and not committed.
func TestAKillBeforeTheCommitTellsNothing(t *testing.T) {
	t.Parallel()
	f := newTold(t, 1)
	p := f.serve(20)
	f.listen(p)
	before := ask[int64](f.fleet, "select position from told_changes")[0]
	held, err := f.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Exec(t.Context(), "lock table river_job in share row exclusive mode"); err != nil {
		t.Fatal(err)
	}
	f.change(0)
	waits := `select pid from pg_locks where not granted and relation = 'river_job'::regclass and pid in (
		select pid from pg_locks where granted and relation = 'deliveries'::regclass and mode = 'RowExclusiveLock')`
	waittest.Until(t, "a delivery that is written, with its job still to be", func() bool { return len(ask[int](f.fleet, waits)) == 1 })
	p.Signal(t, syscall.SIGKILL)
	backend := ask[int](f.fleet, waits)[0]
	if err := held.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "the end of its transaction", func() bool {
		return len(ask[int](f.fleet, "select pid from pg_stat_activity where pid = $1", backend)) == 0
	})
	if now := ask[int64](f.fleet, "select position from told_changes")[0]; now != before || len(f.came()) > 0 {
		t.Errorf("told up to %d, was %d; %v came", now, before, f.came())
	}
	if n := ask[int](f.fleet, "select count(*) from deliveries")[0]; n > 0 {
		t.Errorf("%d deliveries", n)
	}
	f.serve(20)
	waittest.Within(t, 3*time.Minute, "the event", func() bool { return len(f.came()) == 1 })
	waittest.Within(t, time.Minute, "its record", func() bool {
		return ask[int](f.fleet, "select count(*) from deliveries where state = 'delivered'")[0] == 1
	})
	f.holdEachOnce(1)
}

// TestAKillBetweenCommitAndDeliveryTellsAgainWithTheSameID kills connectd while the receiver has the event and has not answered.
func TestAKillBetweenCommitAndDeliveryTellsAgainWithTheSameID(t *testing.T) {
	t.Parallel()
	f := newTold(t, 1)
	p := f.serve(20)
	f.listen(p)
	f.mu.Lock()
	f.hang = make(chan struct{})
	f.mu.Unlock()
	f.change(0)
	waittest.Until(t, "the event", func() bool { return len(f.came()) == 1 })
	p.Signal(t, syscall.SIGKILL)
	f.mu.Lock()
	close(f.hang)
	f.hang = nil
	f.mu.Unlock()
	f.serve(20)
	waittest.Within(t, 3*time.Minute, "the event again", func() bool {
		for _, ids := range f.came() {
			return len(ids) > 1
		}
		return false
	})
	waittest.Within(t, time.Minute, "its record", func() bool {
		return ask[int](f.fleet, "select count(*) from deliveries where state = 'delivered'")[0] == 1
	})
	f.holdEachOnce(1)
}

// TestEachChangeIsToldOnceWhateverIsKilled kills one of two replicas after another while changes are told.
func TestEachChangeIsToldOnceWhateverIsKilled(t *testing.T) {
	t.Parallel()
	const changes = 200
	f := newTold(t, changes)
	replicas := f.serves(2, 20)
	f.listen(replicas[0])
	var changing sync.WaitGroup
	changing.Go(func() {
		for i := range changes {
			f.change(i)
		}
	})
	for round := range 4 {
		waittest.Until(t, "some events", func() bool { return len(f.came()) >= (round+1)*30 })
		replicas[round%2].Signal(t, syscall.SIGKILL)
		replicas[round%2] = f.serve(20)
	}
	changing.Wait()
	waittest.Within(t, 4*time.Minute, "every event", func() bool { return len(f.came()) == changes })
	waittest.Within(t, 4*time.Minute, "every record", func() bool {
		return ask[int](f.fleet, "select count(*) from deliveries where state = 'delivered'")[0] == changes
	})
	f.holdEachOnce(changes)
}
