package registry

import (
	"time"

	"github.com/connectd/connectd/internal/account"
)

// checkClaim is how long whoever made a grant has for the first retrieval before anyone else takes it up.
const checkClaim = 15 * time.Second

// applyGrant: an account is held by one seller, and a seller holds one account. What another seller holds is refused, and
// nothing of it is touched.
func (g *group) applyGrant(rec *record, o Observation) Outcome {
	if refused := g.refuses(rec, o.sellerID); refused.Result != "" {
		return refused
	}
	if !rec.isNew && rec.SellerID == o.sellerID && rec.grant().Equal(o.interval) {
		return applied // the same exchange, told again
	}
	if rec.DisconnectedAt != nil && o.interval.To.Before(*rec.DisconnectedAt) {
		return stale // a grant told late, which the disconnection has ended
	}
	rec.touch()
	if rec.connected() {
		rec.regrant(o.interval)
		rec.wish(g.now)
		rec.claim(g.now.Add(checkClaim))
		return applied
	}
	g.connect(rec, o)
	return applied
}

// refuses says why the seller can't hold the account, or nothing.
func (g *group) refuses(rec *record, sellerID string) Outcome {
	if rec.connected() && rec.SellerID != sellerID {
		return Outcome{Result: HeldByAnother, Why: "the account is connected by another seller"}
	}
	if open := g.open[sellerID]; open != "" && open != rec.ID {
		return Outcome{Result: HasAnother, Why: "the seller is connected with " + open}
	}
	return Outcome{}
}

// applyImport: what is known is left to its own news. A disconnection that is not older than the list's page may be newer.
func (g *group) applyImport(rec *record, o Observation) Outcome {
	if refused := g.refuses(rec, o.sellerID); refused.Result != "" {
		return refused
	}
	if rec.connected() {
		return Outcome{Result: Known, Why: "the seller is connected with it already"}
	}
	if ended := rec.DisconnectedAt; ended != nil && place(*ended, o.interval) != before {
		return Outcome{Result: Stale, Why: "it was disconnected while Stripe listed it"}
	}
	rec.touch()
	g.begin(rec, o, o.facts)
	rec.CheckedAt = &g.now
	g.schedule(rec, nil)
	return applied
}

// connect begins a connection of which nothing is known yet but that Stripe granted it.
func (g *group) connect(rec *record, o Observation) {
	g.begin(rec, o, account.Facts{Connected: true})
	rec.wish(g.now)
	rec.claim(g.now.Add(checkClaim))
}

// begin begins a connection.
func (g *group) begin(rec *record, o Observation, facts account.Facts) {
	g.releaseHolder(rec, o.sellerID)
	at := o.interval.To
	rec.isNew, rec.opened = false, true
	rec.SellerID, rec.Livemode = o.sellerID, o.livemode
	rec.ConnectedAt, rec.GrantedFrom, rec.GrantedAt = at, o.interval.From, at
	rec.DisconnectedAt, rec.DisconnectReason, rec.CheckedAt = nil, nil, nil
	rec.CheckFailures, rec.LastCheckError, rec.FailingSince, rec.Ladder = 0, nil, nil, 0
	rec.DeauthorizationSeen = false
	rec.raise(o.interval)
	rec.NextCheckAt, rec.ClaimedUntil = nil, nil
	rec.setFacts(facts)
	g.open[o.sellerID] = rec.ID
	g.opened = append(g.opened, openedConnection{SellerID: o.sellerID, AccountID: rec.ID, ConnectedAt: at})
	g.sellers[o.sellerID].accountID = rec.ID
	g.judge(rec, o)
}

// releaseHolder fixes what is published of the former holder of an account that goes on to seller, where the group has
// touched it.
func (g *group) releaseHolder(rec *record, seller string) {
	former := g.sellers[rec.SellerID]
	if rec.SellerID != seller && former.rec == rec {
		former.final = former.publication()
	}
}
