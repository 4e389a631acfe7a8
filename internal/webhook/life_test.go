package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"pgregory.net/rapid"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/sandboxtest"
)

// life is one history: some accounts, and workers that do things to them, each its own steps.
type life struct {
	*wire
	ctx      context.Context
	accounts []*living
	clock    sync.RWMutex // Stripe's goes ahead only while nothing is asked: round trips are measured by ours

	mu     sync.Mutex // of what follows, in the accounts too
	wrong  []string
	events map[string]bool // that were delivered
}

// living is an account as the sandbox holds it. What happens to it has moments, Stripe's own order; an account's name says the
// moment of its newest change, and so does what is known of it here.
type living struct {
	id, seller string

	doing     sync.Mutex // one thing after the other
	connected bool
	charges   bool
	moment    int

	// With life.mu:
	emitted, arrived int   // events
	ends             []int // moments of deauthorizations that have not come to the courier yet, in their order
	toldNo           int   // the newest moment at which it was told not to work
	toldEnd          int   // the newest moment at which it was told to have ended
	newest           int   // the newest moment that was told
}

// news is what one event tells.
type news struct {
	id, typ string
	account *living
	moment  int // 0 where it tells of none
	no, end bool
}

const (
	workers       = 3
	livesAccounts = 2
)

func (w *wire) live(t *rapid.T) {
	w.histories++
	h := &life{wire: w, ctx: t.Context(), events: map[string]bool{}}
	w.courier.follow(h, rapid.Uint64().Draw(t, "fate"))
	for i := range livesAccounts {
		h.begin(fmt.Sprintf("life%d-%d", w.histories, i))
	}
	plans := rapid.SliceOfN(rapid.SliceOfN(drawStep, 3, 10), workers, workers).Draw(t, "plans")
	var working sync.WaitGroup
	for i, plan := range plans {
		working.Go(func() {
			for _, s := range plan {
				s.do(h, h.accounts[s.account], h.processes[(i+s.account)%len(h.processes)])
			}
		})
	}
	working.Wait()
	h.end()
	for _, wrong := range h.wrong {
		t.Error(wrong)
	}
}

// step is one thing that a worker does.
type step struct {
	name    string
	account int
	do      func(*life, *living, process)
}

// GoString is what a failure prints.
func (s step) GoString() string { return fmt.Sprintf("%s %d", s.name, s.account) }

var drawStep = rapid.Custom(func(t *rapid.T) step {
	s := rapid.SampledFrom([]step{
		{name: "change", do: (*life).change},
		{name: "change", do: (*life).change},
		{name: "change", do: (*life).change},
		{name: "retrieve", do: (*life).retrieve},
		{name: "retrieve", do: (*life).retrieve},
		{name: "deauthorize", do: (*life).deauthorize},
		{name: "connect", do: (*life).connect},
		{name: "fail a payout", do: (*life).failPayout},
		{name: "wait", do: (*life).wait},
		{name: "wait long", do: (*life).waitLong},
	}).Draw(t, "step")
	s.account = rapid.IntRange(0, livesAccounts-1).Draw(t, "account")
	return s
})

func (h *life) begin(seller string) {
	a := &living{id: h.box.Make(sandboxtest.Complete), seller: seller, charges: true}
	h.mu.Lock()
	h.accounts = append(h.accounts, a)
	h.mu.Unlock()
	h.connect(a, h.processes[0])
	h.retrieve(a, h.processes[0])
}

// change turns charges on or off.
func (h *life) change(a *living, _ process) {
	a.doing.Lock()
	defer a.doing.Unlock()
	a.moment++
	a.charges = !a.charges
	if a.connected {
		h.emit(a)
	}
	h.control("accounts/"+a.id, a.patch())
}

// patch makes the sandbox's account what a is.
func (a *living) patch() string {
	return fmt.Sprintf(`{"charges_enabled":%t,"settings":{"dashboard":{"display_name":"%d"}},"business_profile":{"name":"%d"}}`,
		a.charges, a.moment, a.moment)
}

// emit notes that an event is about to be sent.
func (h *life) emit(a *living) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a.emitted++
}

func (h *life) deauthorize(a *living, _ process) {
	a.doing.Lock()
	defer a.doing.Unlock()
	if !a.connected {
		return
	}
	a.moment++
	a.connected = false
	h.emit(a)
	h.mu.Lock()
	a.ends = append(a.ends, a.moment)
	h.mu.Unlock()
	h.control("accounts/"+a.id+"/deauthorize", "")
}

// connect is the account's first connection or another, also while there is one.
func (h *life) connect(a *living, p process) {
	a.doing.Lock()
	defer a.doing.Unlock()
	a.moment++
	if !a.connected {
		h.emit(a)
	}
	h.control("accounts/"+a.id+"?silent=1", a.patch())
	h.clock.RLock()
	defer h.clock.RUnlock()
	if err := p.connect(h.ctx, a.seller, a.id); err != nil {
		h.fail("connect %s: %v", a.id, err)
	}
	a.connected = true
}

// failPayout is an event that has to be told, whatever has become of the account.
func (h *life) failPayout(a *living, _ process) {
	h.emit(a)
	h.control("events", `{"type":"payout.failed","account":"`+a.id+`","data":{"id":"po_1","object":"payout"}}`)
}

func (h *life) retrieve(a *living, p process) {
	h.clock.RLock()
	err := p.checker.Check(h.ctx, a.id, registry.Recheck)
	h.clock.RUnlock()
	switch {
	case err == nil:
		h.count(checked)
	case account.KindOf(err) != account.Conflict: // Conflict: it is disconnected
		h.fail("retrieve %s: %v", a.id, err)
	}
	h.holdYes(a)
}

// wait lets Stripe's clock go on by less than a second, waitLong by more.
func (h *life) wait(*living, process)     { h.advance("400ms") }
func (h *life) waitLong(*living, process) { h.advance("1500ms") }

func (h *life) advance(by string) {
	h.clock.Lock()
	defer h.clock.Unlock()
	h.control("clock", `{"advance":"`+by+`"}`)
}

// receive reads an event that has come to the courier.
func (h *life) receive(body []byte) news {
	var e struct {
		ID, Type, Account string
		Data              struct {
			Object struct {
				ChargesEnabled  bool `json:"charges_enabled"`
				BusinessProfile struct {
					Name string `json:"name"`
				} `json:"business_profile"`
			} `json:"object"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		h.fail("an event: %v", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	n := news{id: e.ID, typ: e.Type}
	for _, a := range h.accounts {
		if a.id == e.Account {
			n.account = a
		}
	}
	switch e.Type {
	case "account.updated":
		n.moment, _ = strconv.Atoi(e.Data.Object.BusinessProfile.Name)
		n.no = !e.Data.Object.ChargesEnabled
	case "account.application.deauthorized":
		n.end = true
		n.moment, n.account.ends = n.account.ends[0], n.account.ends[1:]
	}
	return n
}

// received notes that an event was handed on, or dropped.
func (h *life) received(n news) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n.account.arrived++
}

// answered notes what was stored: from now on a yes that is older than that no must not stand.
func (h *life) answered(n news) {
	h.note(n)
	h.holdYes(n.account)
}

func (h *life) note(n news) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n.typ == "payout.failed" && !h.events[n.id] {
		h.lived[toTell]++
	}
	h.events[n.id] = true
	if n.moment == 0 {
		return
	}
	if n.moment < n.account.newest {
		h.lived["overtaken"]++
	}
	n.account.newest = max(n.account.newest, n.moment)
	if n.no {
		n.account.toldNo = max(n.account.toldNo, n.moment)
	}
	if n.end {
		n.account.toldEnd = max(n.account.toldEnd, n.moment)
	}
}

func (h *life) count(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lived[what]++
}

func (h *life) fail(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wrong = append(h.wrong, fmt.Sprintf(format, args...))
}

// end: what is under way arrives, and what is connected is checked, as the clock would in four weeks.
func (h *life) end() {
	h.waitFor("all events to come", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, a := range h.accounts {
			if a.arrived < a.emitted {
				return false
			}
		}
		return true
	})
	h.courier.onTheir.Wait()
	for _, a := range h.accounts {
		for row := h.row(a); row.DisconnectedAt == nil; row = h.row(a) {
			h.retrieve(a, h.processes[0])
			if row = h.row(a); row.NextCheckAt != nil && row.NextCheckAt.After(time.Now()) {
				break
			}
		}
		h.holdEnd(a)
	}
	h.holdEffects()
}
