package registry

import (
	"time"

	"github.com/connectd/connectd/internal/account"
)

// order places a moment of Stripe's clock against the interval in which a row's facts were true.
type order int

const (
	before order = iota
	within       // Stripe's clock has whole seconds, and a retrieval is true somewhere in its interval: no order can be told
	after
)

func place(t time.Time, i account.Interval) order {
	switch {
	case t.Before(i.From):
		return before
	case t.After(i.To):
		return after
	}
	return within
}

var (
	stale          = Outcome{Result: Stale, Why: "older than what is known"}
	sameMoment     = Outcome{Result: Stale, Why: "same moment"}
	isDisconnected = Outcome{Result: Stale, Why: "disconnected"}
	applied        = Outcome{Result: Applied}
)

// applyReport: an event's facts apply where they are newer than what is known. Where no order can be told the account
// becomes due at once, and the facts apply only where they turn a yes into a no.
func (g *group) applyReport(rec *record, o Observation) Outcome {
	if !rec.connected() {
		return isDisconnected
	}
	at := place(o.interval.To, rec.interval())
	if at == before {
		return stale
	}
	rec.touch()
	if o.partial {
		o.facts = o.facts.Over(rec.facts)
		g.wish(rec)
	}
	if at == after {
		rec.raise(o.interval)
		rec.setFacts(o.facts)
		g.judge(rec, o)
		return applied
	}
	if o.facts.Equal(rec.facts) {
		return applied
	}
	g.wish(rec)
	if !rec.CanTransact || account.Judge(o.facts, g.policy.Policy).CanTransact {
		return sameMoment
	}
	rec.setFacts(o.facts)
	g.judge(rec, o)
	return applied
}

// applyHint: what an event only hints at is asked of Stripe, unless it was from before what is known. What it tells
// stands by itself, whatever its order.
func (g *group) applyHint(rec *record, o Observation) Outcome {
	g.notify(rec, o)
	if !rec.connected() {
		return isDisconnected
	}
	if place(o.interval.To, rec.interval()) == before {
		return stale
	}
	rec.touch()
	g.wish(rec)
	return applied
}

// applyRetrieval: an answer applies where nothing was learned since before it was asked for: it was read after all that
// is known. Else it is thrown away, to be made again.
func (g *group) applyRetrieval(rec *record, o Observation) Outcome {
	if rec.Revision != o.revision {
		return Outcome{Result: Raced, Why: "the account changed while it was retrieved"}
	}
	if !rec.connected() {
		return isDisconnected
	}
	if g.takes(rec, o) && !g.brake.grants(o) {
		return g.holdBack(rec, o)
	}
	rec.touch()
	last := rec.CheckedAt
	rec.CheckedAt, rec.ClaimedUntil = &g.now, nil
	rec.CheckFailures, rec.LastCheckError, rec.FailingSince = 0, nil, nil
	was := *rec
	if o.kind == gone {
		g.disconnect(rec, o, goneReason(rec))
	} else {
		rec.DeauthorizationSeen = false
		rec.raise(o.interval)
		rec.setFacts(o.facts)
		g.judge(rec, o)
		g.schedule(rec, last)
	}
	g.countScanned(&was, rec, o)
	return applied
}

// goneReason: a retrieval that finds the account gone confirms a deauthorization whose order could not be told.
func goneReason(rec *record) string {
	if rec.DeauthorizationSeen {
		return "deauthorized"
	}
	return "account_invalid"
}

// applyDeauthorization: one from before the current grant is of an earlier connection. One from within the grant's
// interval, or of the same moment as what is known, can't be ordered: a retrieval decides.
func (g *group) applyDeauthorization(rec *record, o Observation) Outcome {
	if !rec.connected() {
		return isDisconnected
	}
	t := o.interval.To
	if place(t, rec.grant()) == before || place(t, rec.interval()) == before {
		return stale
	}
	rec.touch()
	if place(t, rec.grant()) == within || place(t, rec.interval()) == within {
		rec.DeauthorizationSeen = true
		g.wish(rec)
		return sameMoment
	}
	g.disconnect(rec, o, "deauthorized")
	return applied
}

// applyUnlink: a deauthorization of ours ends the grant that it was asked for, and no newer one.
func (g *group) applyUnlink(rec *record, o Observation) Outcome {
	if !rec.connected() {
		return g.claimDisconnection(rec, o)
	}
	rec.touch()
	if !rec.grant().Equal(o.granted) {
		g.wish(rec)
		return sameMoment
	}
	g.disconnect(rec, o, "unlinked")
	return applied
}

// claimDisconnection: Stripe's event about our deauthorization is often faster than its answer. A disconnection of that
// grant, at the time of that answer, is ours all the same.
func (g *group) claimDisconnection(rec *record, o Observation) Outcome {
	if rec.DisconnectedAt == nil || !rec.grant().Equal(o.granted) || place(*rec.DisconnectedAt, o.interval) != within {
		return isDisconnected
	}
	reason := "unlinked"
	rec.DisconnectReason, rec.dirty = &reason, true
	g.renamed = append(g.renamed, closedConnection{AccountID: rec.ID, DisconnectedAt: *rec.DisconnectedAt, DisconnectReason: reason})
	return applied
}

// disconnect ends the connection; the facts stay as what was last known. Disconnected stays disconnected until a new grant.
func (g *group) disconnect(rec *record, o Observation, reason string) {
	at := o.interval.To
	rec.raise(o.interval)
	rec.DisconnectedAt, rec.DisconnectReason = &at, &reason
	rec.NextCheckAt, rec.ClaimedUntil, rec.DeauthorizationSeen = nil, nil, false
	rec.facts.Connected = false
	delete(g.open, rec.SellerID)
	g.closed = append(g.closed, closedConnection{AccountID: rec.ID, DisconnectedAt: at, DisconnectReason: reason})
	g.judge(rec, o)
}
