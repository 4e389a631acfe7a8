package registry_test

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// settle takes in what became of the messages, and holds what must hold at every moment.
func (h *history) settle(messages []message, outs []registry.Outcome) {
	mayMove := map[string]bool{}
	for i, m := range messages {
		h.count(m, outs[i])
		h.holdRepeat(m, outs[i])
		if outs[i].Repeated {
			continue
		}
		h.takeIn(m, outs[i])
		mayMove[m.told.account] = mayMove[m.told.account] || counts(outs[i])
	}
	if len(messages) == 1 { // so that the row is as it was when this arrived
		h.countAppliedTie(messages[0], outs[0])
	}
	for _, id := range h.accounts {
		h.holdMoment(id, mayMove[id])
	}
	h.remember()
	for i, m := range messages {
		if outs[i].Result == registry.Raced && m.raced < 2 {
			h.retrieveAgain(m.told.account, m.raced+1)
		}
	}
}

// counts: it may have changed the row.
func counts(out registry.Outcome) bool {
	return out.Result == registry.Applied || out.Why == "same moment"
}

// takeIn notes what the account's row could know from now on.
func (h *history) takeIn(m message, out registry.Outcome) {
	id := m.told.account
	if counts(out) || out.Why == "older than what is known" {
		h.known[id] = append(h.known[id], m.told)
	}
	if out.Result != registry.Applied {
		return
	}
	if m.told.kind == toldGrant {
		h.taken[m.told.grantID()] = true
	}
	if lost, ok := h.lost[id]; ok && m.retrieval && m.told.moment >= lost {
		delete(h.lost, id)
	}
}

func (h *history) count(m message, out registry.Outcome) {
	row, seen := h.rows[m.told.account]
	switch {
	case out.Repeated:
		h.lived["repeat"]++
	case out.Why == "same moment":
		h.lived["tie"]++
	case out.Result == registry.Raced:
		h.lived["race"]++
	case out.Result == registry.Stale:
		h.lived["stale"]++
	case out.Result == registry.Disregard:
		h.lived["ignored"]++
	case out.Result != registry.Applied:
		h.lived["refused"]++
	case m.retrieval && m.told.kind == toldGone:
		h.lived["gone"]++
	case m.told.kind == toldGrant && seen && !h.taken[m.told.grantID()]:
		h.lived["reconnect"]++
		if row.SellerID != m.told.seller {
			h.lived["handover"]++
		}
	}
}

func (h *history) countAppliedTie(m message, out registry.Outcome) {
	row := h.rows[m.told.account]
	if out.Result == registry.Applied && !out.Repeated && m.event != "" && m.told.kind == toldFacts &&
		row.CanTransact && !able(m.told.facts) && !m.created.After(*row.AsOf) {
		h.lived["tie applied"]++
	}
}

// holdRepeat: an event is answered as the first time, and is new only once. One registry may say that it knows no such
// account while the account is granted at the other; that has no effect.
func (h *history) holdRepeat(m message, out registry.Outcome) {
	if m.event == "" {
		return
	}
	first, arrived := h.first[m.event]
	cameTooSoon := first.Why == "no such account here" && out.Why != first.Why // its first effect is this one
	if !arrived || cameTooSoon {
		h.first[m.event] = out
		return
	}
	if h.together && (out.Result == registry.Disregard) != (first.Result == registry.Disregard) {
		return
	}
	if !out.Repeated && !first.Repeated && out.Result != registry.Disregard {
		h.Fatalf("event %s was new twice", m.event)
	}
	if out.Result != first.Result || out.Why != first.Why {
		h.Fatalf("event %s was %+v, then %+v", m.event, first, out)
	}
	first.Repeated = first.Repeated && out.Repeated
	h.first[m.event] = first
}

// holdMoment holds one row after a commit: nothing in it goes back, what was stale or thrown away left it as it was, and
// it does not say yes where a later no was told.
func (h *history) holdMoment(id string, mayMove bool) {
	before, known := h.rows[id]
	row, ok := h.read(id)
	if !ok {
		return
	}
	if known && !mayMove {
		if diff := cmp.Diff(before, row); diff != "" {
			h.Fatalf("account %s changed by what was not applied: %s", id, diff)
		}
	}
	if known && wentBack(before, row) {
		h.Fatalf("account %s went back: %s", id, cmp.Diff(before, row))
	}
	h.rows[id] = row
	if row.DisconnectedAt == nil {
		h.holdYes(row)
		h.holdNewest(row)
	}
}

func wentBack(before, row client.Account) bool {
	return row.Revision < before.Revision || row.Version < before.Version ||
		before.AsOf != nil && row.AsOf.Before(*before.AsOf) || before.AsOfFrom != nil && row.AsOfFrom.Before(*before.AsOfFrom)
}

// holdYes: a row that says yes holds facts that Stripe told, and was told of none that came after them, in Stripe's own order,
// and are a no. This holds also while the account is due.
func (h *history) holdYes(row client.Account) {
	if !row.CanTransact {
		return
	}
	facts := -1
	for _, k := range h.known[row.ID] {
		if k.kind == toldFacts && k.facts.Equal(factsOf(row)) {
			facts = max(facts, k.moment)
		}
	}
	if facts < 0 {
		h.Fatalf("account %s says yes of facts that Stripe never told: %+v", row.ID, row)
	}
	for _, k := range h.known[row.ID] {
		if k.kind == toldFacts && k.moment > facts && !able(k.facts) {
			h.Fatalf("account %s says yes as of moment %d, and was told a no of moment %d", row.ID, facts, k.moment)
		}
	}
}

// holdNewest: a connected row that is not due holds the newest of what it was told while it was connected, in Stripe's own
// order, and was told of no end that came after all of that.
func (h *history) holdNewest(row client.Account) {
	if row.NextCheckAt == nil {
		h.Fatalf("account %s is connected and will never be due", row.ID)
	}
	if !row.NextCheckAt.After(time.Now()) {
		return
	}
	newest := map[toldKind]told{}
	for _, k := range h.known[row.ID] {
		if k.moment >= newest[k.kind].moment {
			newest[k.kind] = k
		}
	}
	facts, gone := newest[toldFacts], newest[toldGone].moment
	if !facts.facts.Equal(factsOf(row)) {
		h.Fatalf("account %s, what it was told last and what it holds: %s", row.ID, cmp.Diff(facts.facts.Normalize(), factsOf(row)))
	}
	if gone > max(facts.moment, newest[toldGrant].moment) {
		h.Fatalf("account %s was told of its end at moment %d, is connected as of %d", row.ID, gone, facts.moment)
	}
}

func able(f account.Facts) bool { return account.Judge(f, account.DefaultPolicy()).CanTransact }

// holdAgainstStripe: in the end each row holds what Stripe holds.
func (h *history) holdAgainstStripe() {
	for _, id := range h.accounts {
		at := h.stripe.accounts[id]
		row, ok := h.read(id)
		if !ok || row.DisconnectedAt != nil {
			if at.connected && h.taken[at.grant.grantID()] {
				h.Fatalf("account %s is connected at Stripe and not here: %+v", id, row)
			}
			continue
		}
		if !at.connected {
			h.Fatalf("account %s is connected here and not at Stripe", id)
		}
		if diff := cmp.Diff(at.facts.Normalize(), factsOf(row)); diff != "" {
			h.Fatalf("account %s, Stripe's facts and the row's: %s", id, diff)
		}
		if row.CanTransact != able(at.facts) {
			h.Fatalf("account %s: the row says %v", id, row.CanTransact)
		}
		if h.taken[at.grant.grantID()] && row.SellerID != at.grant.seller {
			h.Fatalf("account %s is held by %s, granted by %s", id, row.SellerID, at.grant.seller)
		}
		if row.NextCheckAt == nil || !row.NextCheckAt.After(time.Now()) {
			h.Fatalf("account %s is still due, or never: %v", id, row.NextCheckAt)
		}
	}
}
