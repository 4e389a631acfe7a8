package registry_test

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"pgregory.net/rapid"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

func oneIn(t *rapid.T, n int, label string) bool { return rapid.IntRange(1, n).Draw(t, label) == n }

func (h *history) oneOf(ids []string, label string) string {
	return rapid.SampledFrom(ids).Draw(h.T, label)
}

// drawFacts draws from few, so that some changes change nothing that is kept.
func (h *history) drawFacts() account.Facts {
	f := working()
	if oneIn(h.T, 3, "charges off") {
		f = chargesOff()
	}
	payouts := !oneIn(h.T, 4, "payouts off")
	f.PayoutsEnabled = &payouts
	f.DisplayName = rapid.SampledFrom([]string{"Blue Kiln", "Red Kiln"}).Draw(h.T, "name")
	return f
}

// pass lets Stripe's clock go on by up to so many milliseconds. Where steps are short against Stripe's whole seconds, order
// is hard to tell; where they are longer, an event comes long after what is newer.
func (h *history) pass(ms int) {
	h.stripe.now = h.stripe.now.Add(time.Duration(rapid.IntRange(1, ms).Draw(h.T, "ms")) * time.Millisecond)
}

func (h *history) wait() { h.pass(4000) }

func (h *history) change() {
	m, heard := h.stripe.change(h.oneOf(h.accounts, "account"), h.eventID(), h.drawFacts())
	h.send(m, heard)
}

func (h *history) deauthorize() {
	m, heard := h.stripe.deauthorize(h.oneOf(h.accounts, "account"), h.eventID())
	h.send(m, heard)
}

func (h *history) eventID() string {
	h.events++
	return fmt.Sprintf("evt_%s_%d", h.name, h.events)
}

// send puts an event on its way, once or twice, or loses it.
func (h *history) send(m message, heard bool) {
	if !heard {
		return
	}
	if h.lossy && oneIn(h.T, 6, "lost") {
		h.lost[m.told.account] = m.told.moment
		h.lived["lost"]++
		return
	}
	h.inbox = append(h.inbox, m)
	if oneIn(h.T, 5, "twice") {
		h.inbox = append(h.inbox, m)
	}
}

// exchange: mostly the seller who was the account's first, at times another.
func (h *history) exchange() {
	i := rapid.IntRange(0, len(h.accounts)-1).Draw(h.T, "account")
	seller := h.sellers[i]
	if oneIn(h.T, 2, "another seller") {
		seller = h.oneOf(h.sellers, "seller")
	}
	h.call(&call{kind: exchange, account: h.accounts[i], seller: seller})
}

func (h *history) retrieve() { h.retrieveAgain(h.oneOf(h.accounts, "account"), 0) }

// retrieveAgain retrieves an account that is known here.
func (h *history) retrieveAgain(id string, raced int) {
	if row, ok := h.read(id); ok {
		h.call(&call{kind: retrieval, account: id, revision: row.Revision, raced: raced})
	}
}

func (h *history) unlink() {
	id := h.oneOf(h.accounts, "account")
	if row, ok := h.read(id); ok && row.DisconnectedAt == nil {
		held, err := h.registries[0].Holding(h.Context(), id)
		if err != nil {
			h.Fatal(err)
		}
		h.lived["unlink"]++
		h.call(&call{kind: unlink, account: id, since: held.Grant})
	}
}

func (h *history) call(c *call) {
	c.sent = h.stripe.now
	h.calls = append(h.calls, c)
}

// progress: a call that was sent is done at Stripe; one that was done there is answered.
func (h *history) progress() {
	if len(h.calls) == 0 {
		return
	}
	i := rapid.IntRange(0, len(h.calls)-1).Draw(h.T, "call")
	c := h.calls[i]
	if !c.done {
		c.done = true
		c.told = h.doAtStripe(c)
		return
	}
	h.calls = slices.Delete(h.calls, i, i+1)
	m := message{
		told: c.told, observation: c.observation(h.stripe.answer(c.sent)), retrieval: c.kind == retrieval, raced: c.raced,
	}
	h.inbox = append(h.inbox, m)
	if c.kind == exchange && oneIn(h.T, 4, "told again") { // a second caller with the same code
		h.inbox = append(h.inbox, m)
	}
}

func (h *history) doAtStripe(c *call) told {
	switch c.kind {
	case exchange:
		return h.stripe.exchange(c.account, c.seller)
	case unlink:
		m, heard := h.stripe.deauthorize(c.account, h.eventID())
		h.send(m, heard)
		return h.stripe.accounts[c.account].tells(toldGone)
	}
	return h.stripe.retrieve(c.account)
}

func (h *history) finishCalls() {
	for len(h.calls) > 0 {
		h.pass(100)
		h.progress()
	}
}

func (h *history) someArrive() {
	switch {
	case len(h.inbox) == 0:
	case rapid.Bool().Draw(h.T, "alone"):
		h.arrive(h.drawFromInbox(1))
	default:
		h.arrive(h.drawFromInbox(rapid.IntRange(1, len(h.inbox)).Draw(h.T, "arriving")))
	}
}

// allArrive: what was thrown away as raced is asked for again, which makes more to arrive.
func (h *history) allArrive() {
	for len(h.inbox)+len(h.calls) > 0 {
		h.someArrive()
		h.finishCalls()
	}
}

func (h *history) drawFromInbox(n int) []message {
	var drawn []message
	for range n {
		i := rapid.IntRange(0, len(h.inbox)-1).Draw(h.T, "next")
		drawn = append(drawn, h.inbox[i])
		h.inbox = slices.Delete(h.inbox, i, i+1)
	}
	return drawn
}

// arrive hands messages to one registry, or some to each of the two at once.
func (h *history) arrive(messages []message) {
	sides := make([][]message, len(h.registries))
	side := rapid.IntRange(0, 1).Draw(h.T, "side")
	for _, m := range messages {
		if h.together {
			side = rapid.IntRange(0, 1).Draw(h.T, "side")
		}
		sides[side] = append(sides[side], m)
	}
	outs := make([][]registry.Outcome, len(sides))
	var wg sync.WaitGroup
	for i, r := range h.registries {
		wg.Go(func() { outs[i] = h.observe(r, sides[i]) })
	}
	wg.Wait()
	if h.Failed() {
		h.FailNow()
	}
	h.settle(slices.Concat(sides...), slices.Concat(outs...))
}

func (h *history) observe(r *registry.Registry, messages []message) []registry.Outcome {
	var obs []registry.Observation
	for _, m := range messages {
		obs = append(obs, m.observation)
	}
	outs, err := r.Observe(h.Context(), obs)
	if err != nil {
		h.Errorf("observe: %v", err)
		return make([]registry.Outcome, len(obs))
	}
	return outs
}
