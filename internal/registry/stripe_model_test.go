package registry_test

import (
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// modelStripe is what of Stripe the order of facts depends on: accounts that change, and a clock of which the platform sees
// whole seconds (an event's created, an answer's Date). Moments are Stripe's own order, which no one outside can see.
type modelStripe struct {
	now      time.Time
	accounts map[string]*modelAccount
	answers  int
}

type modelAccount struct {
	id        string
	connected bool
	facts     account.Facts
	moment    int  // rises with each thing that happens to the account
	grant     told // the newest
}

// told is what one message tells of an account, and the moment at which that was so.
type told struct {
	kind    toldKind
	account string
	moment  int
	facts   account.Facts // of toldFacts
	seller  string        // of toldGrant
}

// grantID tells a grant from all others.
type grantID struct {
	account string
	moment  int
}

func (t told) grantID() grantID { return grantID{t.account, t.moment} }

type toldKind int

const (
	toldFacts toldKind = iota
	toldGone
	toldGrant
)

func newModelStripe() *modelStripe {
	return &modelStripe{now: t0.Add(300 * time.Millisecond), accounts: map[string]*modelAccount{}}
}

func (s *modelStripe) open(id string, facts account.Facts) {
	s.accounts[id] = &modelAccount{id: id, facts: facts}
}

func (a *modelAccount) tells(kind toldKind) told {
	return told{kind: kind, account: a.id, moment: a.moment, facts: a.facts}
}

// change gives the account other facts. The platform hears of it only while the account is connected.
func (s *modelStripe) change(id, eventID string, facts account.Facts) (m message, heard bool) {
	a := s.accounts[id]
	a.moment++
	a.facts = facts
	e := s.event(id, eventID, "account.updated")
	return message{
		told: a.tells(toldFacts), event: e.ID, created: e.Created, observation: registry.Reported(e, facts),
	}, a.connected
}

// deauthorize ends the connection; of an account that is not connected nothing is heard.
func (s *modelStripe) deauthorize(id, eventID string) (m message, heard bool) {
	a := s.accounts[id]
	if !a.connected {
		return m, false
	}
	a.moment++
	a.connected = false
	e := s.event(id, eventID, "account.application.deauthorized")
	return message{told: a.tells(toldGone), event: e.ID, created: e.Created, observation: registry.Deauthorized(e)}, true
}

func (s *modelStripe) event(id, eventID, typ string) registry.Event {
	return registry.Event{ID: eventID, Type: typ, Account: id, Created: s.now.Truncate(time.Second)}
}

// exchange connects the account, or connects it again.
func (s *modelStripe) exchange(id, seller string) told {
	a := s.accounts[id]
	a.moment++
	a.connected = true
	a.grant = a.tells(toldGrant)
	a.grant.seller = seller
	return a.grant
}

func (s *modelStripe) retrieve(id string) told {
	a := s.accounts[id]
	if !a.connected {
		return a.tells(toldGone)
	}
	return a.tells(toldFacts)
}

// answer is the interval of an answer that leaves now: [Date - round trip - 1 s, Date]. The platform measures a round trip
// a little longer than it was, and no two to the same microsecond.
func (s *modelStripe) answer(sent time.Time) account.Interval {
	s.answers++
	trip := s.now.Sub(sent) + time.Duration(s.answers)*time.Microsecond
	date := s.now.Truncate(time.Second)
	return account.Interval{From: date.Add(-trip - time.Second), To: date}
}

// message is something on its way to the platform.
type message struct {
	told        told
	observation registry.Observation
	event       string    // "" for an answer
	created     time.Time // of an event
	retrieval   bool
	raced       int // how often this retrieval was thrown away before
}

// call is a request to Stripe under way: sent, then done there, then answered.
type call struct {
	kind     callKind
	account  string
	seller   string           // of an exchange
	revision int64            // of a retrieval: the row's, read before it was sent
	since    account.Interval // of an unlink: the row's grant, read before it was sent
	raced    int
	sent     time.Time
	done     bool
	told     told
}

type callKind int

const (
	retrieval callKind = iota
	exchange
	unlink
)

// observation is what the platform makes of the answer.
func (c *call) observation(answered account.Interval) registry.Observation {
	switch c.kind {
	case exchange:
		return registry.Granted(registry.Grant{SellerID: c.seller, AccountID: c.account, Interval: answered})
	case unlink:
		return registry.Unlinked(c.account, c.since, answered)
	}
	r := registry.Retrieval{AccountID: c.account, Source: registry.Recheck, Revision: c.revision, Interval: answered}
	if c.told.kind == toldGone {
		return registry.Gone(r)
	}
	return registry.Retrieved(r, c.told.facts)
}
