package registry

import (
	"time"

	"github.com/connectd/connectd/internal/account"
)

// Source says by what way connectd learned something.
type Source string

// The sources.
const (
	OAuth    Source = "oauth"
	Webhook  Source = "webhook"
	Scan     Source = "scan"
	Recheck  Source = "recheck"
	Import   Source = "import"
	ByPolicy Source = "policy"
	Person   Source = "person"
)

// Observation is one thing learned about an account, with its source and when it was true by Stripe's clock. The
// constructors make the kinds there are.
type Observation struct {
	kind      kind
	source    Source
	accountID string
	interval  account.Interval

	facts     account.Facts    // reported, retrieved, imported
	partial   bool             // reported: facts is not all that Stripe has to say
	event     *Event           // of Stripe's events
	replayed  bool             // the event is known, and is to be applied again
	notice    *Notice          // what the event makes to be told, or nil
	why       string           // ignored, unreadable
	revision  int64            // retrieved, gone
	requestID string           // retrieved, gone, imported
	scanID    string           // retrieved, gone: of the pass that asked; else ""
	sellerID  string           // granted, imported, reassigned
	actor     account.Actor    // of what a person did and is audited; else the zero Actor
	livemode  bool             // granted, imported
	granted   account.Interval // unlinked

	traceparent string // of the span in which it was handed over; "" where nothing is traced
}

type kind int

const (
	ignored kind = iota
	unreadable
	reported
	hinted
	noted
	deauthorized
	retrieved
	gone
	granted
	imported
	unlinked
	reassigned
	rejudged
)

// Event is what is kept of a Stripe event beside its effect.
type Event struct {
	ID      string
	Type    string
	Account string // "" for the platform's own
	Created time.Time
	// Payload is what connectd reads of the event, as JSON; "" keeps none.
	Payload string
}

// Reported is an account.updated event: facts that were true at its created.
func Reported(e Event, f account.Facts) Observation {
	return Observation{
		kind: reported, source: Webhook, accountID: e.Account, interval: storable(account.At(e.Created)), event: &e, facts: f.Normalize(),
	}
}

// Deauthorized is an account.application.deauthorized event.
func Deauthorized(e Event) Observation {
	return Observation{
		kind: deauthorized, source: Webhook, accountID: e.Account, interval: storable(account.At(e.Created)), event: &e,
	}
}

// Partial says that the facts of a Reported are not all that Stripe has to say: what is missing stays as the row has it, and
// the account becomes due.
func (o Observation) Partial() Observation {
	o.partial = true
	return o
}

// Hinted is an event that tells that something about the account may have changed, but not what: the account becomes due.
func Hinted(e Event) Observation {
	return Observation{
		kind: hinted, source: Webhook, accountID: e.Account, interval: storable(account.At(e.Created)), event: &e,
	}
}

// Noted is an event of the account that changes nothing of it.
func Noted(e Event) Observation {
	return Observation{kind: noted, source: Webhook, accountID: e.Account, event: &e}
}

// Telling adds what the event makes to be told, once.
func (o Observation) Telling(n Notice) Observation {
	o.notice = &n
	return o
}

// Replayed says that the event is applied again, also where it is known: what became of it the first time may have been
// a fault of ours. What happened by it does not happen twice.
func (o Observation) Replayed() Observation {
	o.replayed = true
	return o
}

// Ignored is an event that has no effect, kept so that it can be seen; why says the cause in words.
func Ignored(e Event, why string) Observation {
	return Observation{kind: ignored, source: Webhook, event: &e, why: why}
}

// Unreadable is an event that should have had an effect and could not be read; it is kept as failed, and its account becomes
// due as after a Hinted.
func Unreadable(e Event, why string) Observation {
	o := Hinted(e)
	o.kind, o.why = unreadable, why
	return o
}

// Retrieval says whose answer it was and what the row's revision was before it was asked for.
type Retrieval struct {
	AccountID string
	Source    Source
	// Revision is the row's, read before the request left: where it has changed since, the answer is thrown away.
	Revision  int64
	Interval  account.Interval
	RequestID string
	// ScanID is the pass that asked: its brake may hold the answer back. "" outside of a pass.
	ScanID string
}

// Retrieved is Stripe's answer to a retrieval of the account.
func Retrieved(r Retrieval, f account.Facts) Observation {
	o := r.observation(retrieved)
	o.facts = f.Normalize()
	return o
}

// Gone is Stripe's answer that the account is not connected to the platform. The caller has made sure that the key is
// still that of this database's platform and mode.
func Gone(r Retrieval) Observation { return r.observation(gone) }

func (r Retrieval) observation(k kind) Observation {
	return Observation{
		kind: k, source: r.Source, accountID: r.AccountID, interval: storable(r.Interval), revision: r.Revision, requestID: r.RequestID,
		scanID: r.ScanID,
	}
}

// Grant is an OAuth exchange that Stripe answered: the seller has connected the account.
type Grant struct {
	SellerID  string
	AccountID string
	Livemode  bool
	Interval  account.Interval // that of the exchange's answer
}

// Granted is a new connection, or the same once more.
func Granted(g Grant) Observation {
	return Observation{
		kind: granted, source: OAuth, accountID: g.AccountID, interval: storable(g.Interval), sellerID: g.SellerID, livemode: g.Livemode,
	}
}

// Imported is a connection that Stripe's list of connected accounts names, with what the list says of the account: the seller
// connected it before connectd was there. The grant's interval is that of the list's page. One that is known stays as it is.
func Imported(g Grant, requestID string, f account.Facts) Observation {
	o := Granted(g)
	o.kind, o.source, o.requestID, o.facts = imported, Import, requestID, f.Normalize()
	return o
}

// Unlinked is a deauthorization that connectd asked Stripe for. since is the interval of the grant that the row held
// before the request left: where a newer grant has come in between, a retrieval decides. Unlinking audits it.
func Unlinked(accountID string, since, answered account.Interval) Observation {
	return Observation{kind: unlinked, source: Person, accountID: accountID, interval: storable(answered), granted: since}
}

// connects reports whether it tells that a seller holds the account.
func (o Observation) connects() bool { return o.kind == granted || o.kind == imported }

// By says which person, or key, stands behind a reassignment; it is audited where it applies.
func (o Observation) By(actor account.Actor) Observation {
	o.actor = actor
	return o
}

// Reassigned gives a connected account to another seller. At Stripe nothing changes.
func Reassigned(accountID, sellerID string) Observation {
	return Observation{kind: reassigned, source: Person, accountID: accountID, sellerID: sellerID}
}

// Rejudged asks for an account's verdict anew, by the newest policy and rules, with nothing new known of the account.
func Rejudged(accountID string) Observation {
	return Observation{kind: rejudged, source: ByPolicy, accountID: accountID}
}

// storable is i as Postgres keeps it, in microseconds, so that what is read again is equal.
func storable(i account.Interval) account.Interval {
	return account.Interval{
		From: i.From.UTC().Truncate(time.Microsecond), To: i.To.UTC().Truncate(time.Microsecond),
	}
}

// Result is what became of an observation.
type Result string

// The results. The first four are what stripe_events.outcome holds.
const (
	Applied   Result = "applied"
	Stale     Result = "stale"   // true before what is known already, or of an order that can't be told
	Disregard Result = "ignored" // of no account that is known, or of a type that has no effect
	Failed    Result = "failed"  // kept, and could not be read
	// Raced: the row changed while the retrieval was under way; it is to be made again.
	Raced Result = "raced"
	// HeldBack: the brake keeps a pass from making more accounts unable or disconnected. The account stays due.
	HeldBack Result = "held_back"
	// Known: what was to be imported is connected by that seller already, and stays as it is.
	Known Result = "known"
	// HeldByAnother: the account is connected by another seller. Nothing was stored but the row of a seller who was not known.
	HeldByAnother Result = "held_by_another"
	// HasAnother: the seller is connected with another account. Nothing was stored.
	HasAnother Result = "has_another"
)

// Outcome is what became of an observation, and why in words where it was not applied.
type Outcome struct {
	Result Result
	Why    string
	// Repeated: the event was known already; Result is what became of it the first time.
	Repeated bool
}
