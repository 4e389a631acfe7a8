package sandbox

import (
	"encoding/json"
	"slices"
	"time"
)

// change is one line of the state file: everything that one request brought about. It is written whole before it is
// applied, and applied the same way when it is read again at the next start, so that applying must not depend on
// anything but the change and the world.
type change struct {
	Ahead     *time.Duration `json:"clock_ahead,omitempty"`
	Delivery  *deliveryPlan  `json:"delivery,omitempty"`
	PerSecond *int           `json:"per_second,omitempty"`
	Faults    *[]fault       `json:"faults,omitempty"`
	// Struck is the place of a counted fault that has happened once more.
	Struck    *int                 `json:"struck,omitempty"`
	Platforms []platform           `json:"platforms,omitempty"`
	Keys      []restrictedKey      `json:"keys,omitempty"`
	Batches   []accountBatch       `json:"batches,omitempty"`
	Accounts  []account            `json:"accounts,omitempty"`
	Codes     []authorizationCode  `json:"codes,omitempty"`
	Links     []accountLink        `json:"account_links,omitempty"`
	Used      []string             `json:"used_links,omitempty"`
	Mails     []Mail               `json:"mails,omitempty"`
	Endpoints []webhookEndpoint    `json:"endpoints,omitempty"`
	Removed   []string             `json:"removed_endpoints,omitempty"`
	Events    []event              `json:"events,omitempty"`
	Repeats   []deliveryRecord     `json:"repeats,omitempty"`
	Delivered []deliveryRecord     `json:"delivered,omitempty"`
	Answers   []rememberedResponse `json:"responses,omitempty"`

	Products        []owned[product]         `json:"products,omitempty"`
	RemovedProducts []owned[string]          `json:"removed_products,omitempty"`
	Prices          []owned[price]           `json:"prices,omitempty"`
	Sessions        []owned[checkoutSession] `json:"checkout_sessions,omitempty"`
	Methods         []owned[paymentMethod]   `json:"payment_methods,omitempty"`
	Intents         []owned[paymentIntent]   `json:"payment_intents,omitempty"`
}

// accountBatch is many new accounts of one persona.
type accountBatch struct {
	Account account `json:"like"`
	Prefix  string  `json:"prefix"`
	Count   int     `json:"count"`
}

// deliveryRecord is of an event and an endpoint: it is to have it once more, or it has answered it with 2xx.
type deliveryRecord struct {
	Event    string `json:"event"`
	Endpoint string `json:"endpoint"`
}

// rememberedResponse is what was answered to a request with an Idempotency-Key.
type rememberedResponse struct {
	Key         string          `json:"key"`
	Fingerprint string          `json:"fingerprint"`
	Body        json.RawMessage `json:"body"`
	RequestID   string          `json:"request_id"`
	At          time.Time       `json:"at"`
}

func (w *world) apply(c *change) {
	if c.Ahead != nil {
		w.clock.ahead.Store(int64(*c.Ahead))
	}
	w.applyConditions(c)
	for i := range c.Platforms {
		w.putPlatform(&c.Platforms[i])
	}
	for i := range c.Keys {
		w.keys[c.Keys[i].Key] = &c.Keys[i]
	}
	for i := range c.Batches {
		w.addBatch(&c.Batches[i])
	}
	for i := range c.Accounts {
		w.putAccount(c.Accounts[i])
	}
	for i := range c.Codes {
		w.codes[c.Codes[i].Code] = &c.Codes[i]
	}
	for i := range c.Links {
		w.links[c.Links[i].Token] = &c.Links[i]
	}
	for _, token := range c.Used {
		delete(w.links, token)
	}
	for i := range c.Mails {
		w.putMail(&c.Mails[i])
	}
	w.applySales(c)
	w.applyWebhooks(c)
	for i := range c.Answers {
		w.putResponse(&c.Answers[i])
	}
}

func (w *world) applyConditions(c *change) {
	if c.Delivery != nil {
		w.delivery = *c.Delivery
	}
	if c.PerSecond != nil {
		w.limit = newRequestLimit(*c.PerSecond)
	}
	if c.Faults != nil {
		w.faults = *c.Faults
	}
	if c.Struck != nil {
		w.faults = withoutStrike(w.faults, *c.Struck)
	}
}

func (w *world) applySales(c *change) {
	putAll(w.products, c.Products)
	for _, gone := range c.RemovedProducts {
		w.products.remove(shelfKey{gone.Owner, gone.Object})
	}
	putAll(w.prices, c.Prices)
	putAll(w.sessions, c.Sessions)
	for _, s := range c.Sessions {
		w.sessionDeadline = min(w.sessionDeadline, s.Object.deadline())
	}
	putAll(w.methods, c.Methods)
	putAll(w.intents, c.Intents)
}

func putAll[T identified](on *shelf[T], objects []owned[T]) {
	for _, o := range objects {
		on.put(o)
	}
}

func (w *world) applyWebhooks(c *change) {
	for i := range c.Endpoints {
		w.putEndpoint(&c.Endpoints[i])
	}
	for _, id := range c.Removed {
		w.removeEndpoint(id)
	}
	for i := range c.Events {
		w.putEvent(&c.Events[i])
	}
	for _, d := range c.Repeats {
		if e := w.events[d.Event]; e != nil {
			e.Pending = append(slices.Clone(e.Pending), d.Endpoint)
		}
	}
	for _, d := range c.Delivered {
		if e := w.events[d.Event]; e != nil {
			e.settle(d.Endpoint)
		}
	}
}
