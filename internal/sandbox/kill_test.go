package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// counted is an account whose metadata counts.
type counted struct {
	ID       string
	Metadata struct {
		N int64 `json:",string"`
	}
}

// counter writes to an account of its own, and knows what it was answered.
type counter struct {
	account  string
	answered int64
	// told are those of its numbers that an event was answered for.
	told []int64
}

// count counts on until the process is gone, and makes an event of every tenth number.
func (c *counter) count(p *process, client *http.Client, answered func()) {
	for {
		n := c.answered + 1
		metadata := fmt.Sprintf(`"metadata":{"N":"%d"}`, n)
		if p.ask(client, http.MethodPost, "/sandbox/accounts/"+c.account+"?silent=1", "{"+metadata+"}", &counted{}) != nil {
			return
		}
		c.answered = n
		answered()
		if n%10 > 0 {
			continue
		}
		event := fmt.Sprintf(`{"type":"account.updated","account":%q,"data":{"id":%q,%s}}`, c.account, c.account, metadata)
		if p.ask(client, http.MethodPost, "/sandbox/events", event, &struct{ ID string }{}) != nil {
			return
		}
		c.told = append(c.told, n)
	}
}

// TestKillInTheMiddleOfWritingTheStateFileAnewLosesNothing kills the process again and again while four clients change
// accounts: every other time, as soon as the state file is being written anew. What was answered must be there
// afterwards, and its event must be delivered.
func TestKillInTheMiddleOfWritingTheStateFileAnewLosesNothing(t *testing.T) {
	t.Parallel()
	const kills, counters = 20, 4
	path := filepath.Join(t.TempDir(), "state.jsonl")
	heard := newHearing(t)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: counters}}
	defer client.CloseIdleConnections()

	p := startProcess(t, path)
	heard.register(t, p, client)
	all := make([]*counter, counters)
	for i := range all {
		all[i] = &counter{account: fmt.Sprintf("acct_1kill%d", i)}
		if err := p.ask(client, http.MethodPost, "/sandbox/accounts", `{"id":"`+all[i].account+`"}`, &counted{}); err != nil {
			t.Fatal(err)
		}
	}
	var batch struct{ Count int }
	if err := p.ask(client, http.MethodPost, "/sandbox/accounts", `{"count":300}`, &batch); err != nil {
		t.Fatal(err)
	}
	inside := 0
	for n := range kills {
		runUntilKilled(t, p, client, all, path, n%2 == 0)
		if beingWritten(path) {
			inside++
		}
		p = startProcess(t, path)
		for _, c := range all {
			c.agree(t, p, client)
		}
	}
	t.Logf("%d of %d kills fell in the middle of writing the state file anew", inside, kills)
	if inside == 0 {
		t.Error("no kill fell in the middle of writing the state file anew")
	}
	for _, c := range all {
		heard.await(c)
	}
	p.kill(t)
}

func beingWritten(path string) bool {
	_, err := os.Stat(path + ".next")
	return !errors.Is(err, fs.ErrNotExist)
}

// runUntilKilled kills the process after some answers or, aimed, at the next one after it began to write the file anew.
func runUntilKilled(t *testing.T, p *process, client *http.Client, all []*counter, path string, aimed bool) {
	t.Helper()
	var left atomic.Int64
	left.Store(1 + rand.Int64N(400))
	if aimed {
		left.Store(1 << 40)
	}
	kill := make(chan struct{}, 1)
	answered := func() {
		if left.Add(-1) == 0 || aimed && beingWritten(path) {
			select {
			case kill <- struct{}{}:
			default:
			}
		}
	}
	var writers sync.WaitGroup
	for _, c := range all {
		writers.Go(func() { c.count(p, client, answered) })
	}
	<-kill
	p.kill(t)
	writers.Wait()
}

// agree compares the account with what was answered, which it may be one ahead of: that answer was lost.
func (c *counter) agree(t *testing.T, p *process, client *http.Client) {
	t.Helper()
	a := counted{}
	if err := p.ask(client, http.MethodGet, "/v1/accounts/"+c.account, "", &a); err != nil {
		t.Fatal(err)
	}
	if a.Metadata.N != c.answered && a.Metadata.N != c.answered+1 {
		t.Fatalf("%s counts to %d, and %d was answered", c.account, a.Metadata.N, c.answered)
	}
	c.answered = a.Metadata.N
}

// hearing is an endpoint that refuses every third delivery, and remembers the others.
type hearing struct {
	server *httptest.Server
	mu     sync.Mutex
	change *sync.Cond
	n      int
	heard  map[string]map[int64]bool
}

func newHearing(t *testing.T) *hearing {
	t.Helper()
	h := &hearing{heard: map[string]map[int64]bool{}}
	h.change = sync.NewCond(&h.mu)
	h.server = httptest.NewServer(h)
	t.Cleanup(h.server.Close)
	return h
}

func (h *hearing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var e struct {
		Data struct{ Object counted }
	}
	err := json.NewDecoder(r.Body).Decode(&e)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.n++
	if err != nil || h.n%3 == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	a := e.Data.Object
	if h.heard[a.ID] == nil {
		h.heard[a.ID] = map[int64]bool{}
	}
	h.heard[a.ID][a.Metadata.N] = true
	h.change.Broadcast()
}

func (h *hearing) register(t *testing.T, p *process, client *http.Client) {
	t.Helper()
	var endpoint struct{ ID string }
	form := "connect=true&enabled_events[]=account.updated&url=" + h.server.URL
	if err := p.ask(client, http.MethodPost, "/v1/webhook_endpoints", form, &endpoint); err != nil {
		t.Fatal(err)
	}
}

// await waits for the events of all that was answered to the counter.
func (h *hearing) await(c *counter) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range c.told {
		for !h.heard[c.account][n] {
			h.change.Wait()
		}
	}
}
