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
	Ahead     *time.Duration       `json:"clock_ahead,omitempty"`
	Platforms []platform           `json:"platforms,omitempty"`
	Keys      []restrictedKey      `json:"keys,omitempty"`
	Batches   []accountBatch       `json:"batches,omitempty"`
	Accounts  []account            `json:"accounts,omitempty"`
	Codes     []authorizationCode  `json:"codes,omitempty"`
	Endpoints []webhookEndpoint    `json:"endpoints,omitempty"`
	Removed   []string             `json:"removed_endpoints,omitempty"`
	Events    []event              `json:"events,omitempty"`
	Repeats   []deliveryRecord     `json:"repeats,omitempty"`
	Delivered []deliveryRecord     `json:"delivered,omitempty"`
	Answers   []rememberedResponse `json:"responses,omitempty"`
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
	w.applyWebhooks(c)
	for i := range c.Answers {
		w.putResponse(&c.Answers[i])
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
