package main

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/feed"
)

// history is what was committed and what was told, as far as the test has been answered: what was answered before a question
// was sent, its answer must not fall behind.
type history struct {
	counts
	t *testing.T

	mu        sync.Mutex
	told      [2]map[string]client.Readiness // by process and seller, the newest
	everyone  map[string]client.Readiness    // by any process
	positions [2]int64                       // by process, the highest that was told
	latest    int64                          // by any process
	committed map[string][]commit            // by seller, in order
	verdicts  map[int64]map[bool]bool        // by version, what can_transact was told to be
}

// commit is a version that was there by a moment.
type commit struct {
	version int64
	by      time.Time
}

func newHistory(t *testing.T) *history {
	return &history{
		t: t, told: [2]map[string]client.Readiness{{}, {}}, everyone: map[string]client.Readiness{},
		committed: map[string][]commit{}, verdicts: map[int64]map[bool]bool{},
	}
}

// expectation is what an answer must not fall behind.
type expectation struct {
	process   int
	seller    string
	told      client.Readiness
	position  int64
	everyone  client.Readiness
	latest    int64
	committed int64 // version when the question was sent
	leased    int64 // version a lease before that
	everybody bool
}

func (h *history) expect(s *side, seller string) expectation {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	e := expectation{
		process: s.index, seller: seller, told: h.told[s.index][seller], position: h.positions[s.index],
		everyone: h.everyone[seller], latest: h.latest,
	}
	for _, c := range h.committed[seller] {
		e.committed = c.version
		if now.Sub(c.by) > feed.Lease {
			e.leased = c.version
		}
	}
	return e
}

// anywhere expects as much as any process has told: min_position asks for that.
func (e expectation) anywhere() expectation {
	e.told, e.position, e.everybody = e.everyone, e.latest, true
	return e
}

type readAnswer struct {
	client.Readiness
	position                 int64
	fromMemory, fromDatabase bool // neither where it isn't said
}

func answerOf(t *testing.T, res *http.Response, ready client.Readiness) readAnswer {
	position, err := strconv.ParseInt(res.Header.Get("Connectd-Position"), 10, 64)
	if err != nil {
		t.Error(err)
	}
	by := res.Header.Get("Cache-Status")
	return readAnswer{ready, position, strings.HasPrefix(by, "connectd; hit"), strings.HasPrefix(by, "connectd; fwd")}
}

// judge holds an answer against what was expected of it, and expects as much from now on.
func (h *history) judge(e expectation, a readAnswer) {
	h.count(e, a)
	switch {
	case older(a.Readiness, e.told):
		h.t.Errorf("process %d went back on %s (everybody %t): version %d checked at %v after version %d checked at %v, %+v",
			e.process, e.seller, e.everybody, a.Version, a.CheckedAt, e.told.Version, e.told.CheckedAt, a)
	case a.position < e.position:
		h.t.Errorf("process %d went back (everybody %t): position %d after %d", e.process, e.everybody, a.position, e.position)
	case a.position > 0 && !a.fromMemory && !a.fromDatabase && a.Version < e.leased, a.fromMemory && a.Version < e.leased:
		h.t.Errorf("process %d told version %d of %s, older than a lease: %d", e.process, a.Version, e.seller, e.leased)
	case a.fromDatabase && a.Version < e.committed:
		h.t.Errorf("process %d told version %d of %s from the database, which had %d", e.process, a.Version, e.seller, e.committed)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if older(h.told[e.process][e.seller], a.Readiness) {
		h.told[e.process][e.seller] = a.Readiness
	}
	if older(h.everyone[e.seller], a.Readiness) {
		h.everyone[e.seller] = a.Readiness
	}
	h.positions[e.process] = max(h.positions[e.process], a.position)
	h.latest = max(h.latest, a.position)
	if h.verdicts[a.Version] == nil {
		h.verdicts[a.Version] = map[bool]bool{}
	}
	h.verdicts[a.Version][a.CanTransact] = true
}

func (h *history) count(e expectation, a readAnswer) {
	switch {
	case a.fromMemory:
		h.hits.Add(1)
	case a.fromDatabase:
		h.fallbacks.Add(1)
	}
	if e.everybody {
		h.anywheres.Add(1)
	}
}

// older tells whether a is from before b, of one seller.
func older(a, b client.Readiness) bool {
	if a.Version != b.Version {
		return a.Version < b.Version
	}
	return before(a.CheckedAt, b.CheckedAt) || before(a.AsOf, b.AsOf)
}

func before(a, b *time.Time) bool { return b != nil && (a == nil || a.Before(*b)) }

func (h *history) commit(ready client.Readiness) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.committed[ready.SellerID] = append(h.committed[ready.SellerID], commit{ready.Version, time.Now()})
}
