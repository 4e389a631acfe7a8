package registry

import (
	"time"

	"github.com/connectd/connectd/internal/account"
)

// group is what one transaction works on: the rows that its observations concern, locked, and what the observations make
// of them. It does no I/O.
type group struct {
	now       time.Time
	policy    versionedPolicy
	nextCheck func(time.Time) time.Time // of an account that is in order

	accounts map[string]*record
	sellers  map[string]*holder
	open     map[string]string  // the account that each seller of a new grant is connected with
	events   map[string]Outcome // of those known before, and of those of this group

	newEvents []storedEvent
	replayed  []storedEvent
	notices   []Notice
	brake     brake
	scans     map[string]*scanCount
	findings  []finding
	closed    []closedConnection
	renamed   []closedConnection
	opened    []openedConnection
	audited   []auditEntry
	dueNow    bool
}

// holder is a seller's row under its lock. rec is set once an observation has touched what is published of the seller.
type holder struct {
	id        string
	accountID string // whose readiness is published
	digest    []byte
	version   int64

	rec       *record
	cause     Observation
	confirmed bool         // by a retrieval
	final     *publication // set where the account went on to another seller within the group
}

// observe applies one observation and says what became of it. An event that has come before has no effect again; one of an account
// that was not known then has its first.
func (g *group) observe(o Observation) Outcome {
	if o.event == nil {
		return g.apply(o)
	}
	known, isKnown := g.events[o.event.ID]
	cameTooSoon := known.Why == noSuchAccount && g.knowsAccountOf(o)
	if isKnown && !o.replayed && !cameTooSoon {
		known.Repeated = true
		return known
	}
	if isKnown && known.hasTold() {
		o.notice = nil
	}
	out := g.apply(o)
	g.events[o.event.ID] = out
	switch {
	case !isKnown:
		g.newEvents = append(g.newEvents, o.stored(out))
	case known.Result != Applied:
		g.replayed = append(g.replayed, o.stored(out))
	}
	return out
}

// knowsAccountOf reports whether an observation that connects nothing has an account to be applied to.
func (g *group) knowsAccountOf(o Observation) bool {
	rec := g.accounts[o.accountID]
	return rec != nil && !rec.isNew
}

// comesNext reports whether an observation has to wait for the next transaction. A group opens an account's connection
// last and publishes a seller once; so what follows a new connection comes next, and so does what gives an
// account to a seller of whom this group has touched another.
func (g *group) comesNext(o Observation) bool {
	if rec := g.accounts[o.accountID]; rec != nil && rec.opened {
		return true
	}
	if !o.connects() && o.kind != reassigned {
		return false
	}
	touched := g.sellers[o.sellerID].rec
	return touched != nil && touched.ID != o.accountID
}

func (g *group) apply(o Observation) Outcome {
	switch o.kind {
	case ignored:
		return Outcome{Result: Disregard, Why: o.why}
	case unreadable:
		return g.applyUnreadable(o)
	}
	if !o.connects() && !g.knowsAccountOf(o) {
		return Outcome{Result: Disregard, Why: noSuchAccount}
	}
	rec := g.accounts[o.accountID]
	switch o.kind {
	case granted:
		return g.applyGrant(rec, o)
	case imported:
		return g.applyImport(rec, o)
	case reported:
		return g.applyReport(rec, o)
	case hinted:
		return g.applyHint(rec, o)
	case noted:
		g.notify(rec, o)
		return applied
	case deauthorized:
		return g.applyDeauthorization(rec, o)
	case unlinked:
		return g.applyUnlink(rec, o)
	case reassigned:
		return g.applyReassignment(rec, o)
	case rejudged:
		return g.applyRejudgement(rec, o)
	}
	return g.applyRetrieval(rec, o)
}

// applyUnreadable: where an account could have changed by what can't be read, Stripe is asked.
func (g *group) applyUnreadable(o Observation) Outcome {
	if rec := g.accounts[o.accountID]; rec != nil {
		g.applyHint(rec, o)
	}
	return Outcome{Result: Failed, Why: o.why}
}

// judge makes the row's verdict anew and marks what is published of its holder as touched.
func (g *group) judge(rec *record, o Observation) {
	was := rec.Status
	rec.setVerdict(account.Judge(rec.facts, g.policy.Policy), g.policy.version)
	if rec.Status != was {
		rec.Ladder = 0
		if o.kind == reported || o.kind == rejudged {
			g.hasten(rec)
		}
	}
	seller := g.sellers[rec.SellerID]
	if seller.accountID != rec.ID {
		return // the seller has gone on to another account, which is what is published
	}
	seller.rec, seller.cause, seller.final = rec, o, nil
	seller.confirmed = seller.confirmed || o.kind == retrieved || o.kind == gone || o.kind == imported
}

func (g *group) wish(rec *record) {
	rec.wish(g.now)
	g.dueNow = true
}
