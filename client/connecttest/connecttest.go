// Package connecttest starts a fake connectd in one line of a test: readiness, the snapshot, the feed, onboarding links and
// what is sold, on a free port of loopback, in memory, with no Postgres and no Stripe. It stops when the test ends.
//
//	s := connecttest.Start(t)
//	s.Set(client.Readiness{SellerID: "shop-42", CanTransact: true})
//
// Point client.New at s.URL with s.Key. What it can be told besides are the days that a client should survive: Down, Cut,
// Fail, Slow, Expire, Skip, Restore.
//
// It may import client and the standard library alone. Its one rule: it answers as connectd does, so that what passes
// against it passes against connectd.
package connecttest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
)

// Server is a fake connectd. Its methods are safe for concurrent use.
type Server struct {
	// URL is the base URL, http://127.0.0.1:PORT; Key is the API key that it takes.
	URL, Key string

	mux *http.ServeMux

	mu       sync.Mutex
	sellers  map[string]client.Readiness
	entries  []client.FeedEntry // those that are kept
	epoch    int64
	position int64
	changed  chan struct{} // closed, and another one made, whenever something changes
	down     bool
	cuts     int
	failing  int // the status of each answer, 0 for none
	slow     time.Duration
	requests []string
	objects  int                   // made on sellers' accounts
	made     map[string]fakeObject // by path and Idempotency-Key
}

// Start starts a fake without sellers that stops with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := New()
	listening := httptest.NewServer(s)
	s.URL = listening.URL
	t.Cleanup(func() {
		s.Down() // polls in flight end
		listening.Close()
	})
	return s
}

// New makes a fake that listens nowhere: it is a handler for a server of your own.
func New() *Server {
	s := &Server{
		Key: "ck_test_fake", mux: http.NewServeMux(), sellers: map[string]client.Readiness{}, epoch: 1, changed: make(chan struct{}),
		made: map[string]fakeObject{},
	}
	s.routes()
	return s
}

// Client makes a client of the fake.
func (s *Server) Client(options ...client.Option) *client.Client {
	return client.New(s.URL, s.Key, options...)
}

// Set is a change of a seller's readiness; it answers the change's position in the feed. What a seller has to have and r has
// not is filled in: an account, a status, times of now, empty lists.
func (s *Server) Set(r client.Readiness) (position int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now().UTC().Truncate(time.Microsecond)
	fill(&r, now)
	s.position++
	r.Version = s.position
	s.add("change", now, r)
	return s.position
}

// Check is a retrieval of the seller's account that confirms what is known: the times move. It panics where no such seller
// was Set.
func (s *Server) Check(sellerID string) (position int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.sellers[sellerID]
	if !ok {
		panic(fmt.Sprintf("connecttest: Check(%q): Set the seller first", sellerID))
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	r.AsOf, r.CheckedAt = &now, &now
	s.position++
	s.add("check", now, r)
	return s.position
}

func (s *Server) add(kind string, at time.Time, r client.Readiness) {
	s.sellers[r.SellerID] = r
	s.entries = append(s.entries, client.FeedEntry{
		Position: s.position, Kind: kind, At: at, SellerID: r.SellerID, Source: "webhook", Readiness: r,
	})
	s.wake()
}

func fill(r *client.Readiness, now time.Time) {
	if r.AccountID == nil {
		r.AccountID = new("acct_" + r.SellerID)
	}
	if r.Status == "" {
		r.Status = "restricted"
		if r.CanTransact {
			r.Status = "enabled"
		}
	}
	r.CanAcceptPayments = r.CanAcceptPayments || r.CanTransact
	if r.AsOf == nil {
		r.AsOf = &now
	}
	if r.CheckedAt == nil {
		r.CheckedAt = &now
	}
	fillLists(r)
}

func fillLists(r *client.Readiness) {
	need := &r.Requirements
	for _, list := range []*[]string{&need.CurrentlyDue, &need.PastDue, &need.EventuallyDue, &need.PendingVerification} {
		*list = append([]string{}, *list...)
	}
	r.Reasons = append([]client.Reason{}, r.Reasons...)
	need.Errors = append([]client.RequirementError{}, need.Errors...)
}

// Readiness is what the fake says of the seller.
func (s *Server) Readiness(sellerID string) client.Readiness {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.readiness(sellerID)
}

// Sellers are all who were ever Set, by their ids.
func (s *Server) Sellers() []client.Readiness {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]client.Readiness, 0, len(s.sellers))
	for _, r := range s.sellers {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b client.Readiness) int { return strings.Compare(a.SellerID, b.SellerID) })
	return all
}

// Position is the feed's last.
func (s *Server) Position() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.position
}

// Requests are those that came, as METHOD PATH?QUERY, in their order.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *Server) readiness(sellerID string) client.Readiness {
	if r, ok := s.sellers[sellerID]; ok {
		return r
	}
	return neverSet(sellerID)
}

func neverSet(sellerID string) client.Readiness {
	r := client.Readiness{
		SellerID: sellerID, Status: "not_connected",
		Reasons: []client.Reason{{Code: "not_connected", Message: "No Stripe account is connected yet.", Who: "seller"}},
	}
	fillLists(&r)
	return r
}

// wake ends the waits of polls; for holders of the lock.
func (s *Server) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}
