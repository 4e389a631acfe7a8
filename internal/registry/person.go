package registry

import (
	"context"
	"fmt"

	"github.com/connectd/connectd/internal/account"
)

// Reassign gives a connected account to another seller; the audit keeps by whom. An unknown account is account.NotFound; one
// that is disconnected, and a seller who has another, account.Conflict.
func (r *Registry) Reassign(ctx context.Context, accountID, sellerID string, by account.Actor) error {
	if err := account.CheckSellerID(sellerID); err != nil {
		return err
	}
	if _, err := r.row(ctx, accountID); err != nil {
		return err
	}
	outs, err := r.Observe(ctx, []Observation{Reassigned(accountID, sellerID).By(by)})
	if err != nil {
		return fmt.Errorf("reassign account %s: %w", accountID, err)
	}
	switch outs[0].Result {
	case HasAnother:
		return account.Errorf(account.Conflict, "Seller %s is connected with another account.", sellerID)
	case Stale:
		return account.Errorf(account.Conflict, "Account %s is disconnected.", accountID)
	}
	return nil
}

// applyReassignment gives the account to another seller, as two changes: the former seller's, who holds no account from
// then on, and the new one's.
func (g *group) applyReassignment(rec *record, o Observation) Outcome {
	if !rec.connected() {
		return isDisconnected
	}
	if rec.SellerID == o.sellerID {
		return applied
	}
	if open := g.open[o.sellerID]; open != "" {
		return Outcome{Result: HasAnother, Why: "the seller is connected with " + open}
	}
	rec.touch()
	g.auditReassignment(o, rec.SellerID)
	g.sellers[rec.SellerID].final = g.farewell(rec, o)
	g.closed = append(g.closed, closedConnection{AccountID: rec.ID, DisconnectedAt: g.now, DisconnectReason: "reassigned"})
	g.opened = append(g.opened, openedConnection{SellerID: o.sellerID, AccountID: rec.ID, ConnectedAt: g.now})
	delete(g.open, rec.SellerID)
	g.open[o.sellerID] = rec.ID
	rec.SellerID, rec.ConnectedAt, rec.opened = o.sellerID, g.now, true
	g.sellers[o.sellerID].accountID = rec.ID
	g.judge(rec, o)
	return applied
}

// farewell is what is published of a seller whose account goes on without having been disconnected.
func (g *group) farewell(rec *record, o Observation) *publication {
	left := *rec
	left.facts.Connected = false
	return &publication{
		seller: g.sellers[rec.SellerID], accountID: rec.ID, cause: o, policy: g.policy.version,
		readiness: readinessOf(&left, account.Judge(left.facts, g.policy.Policy)),
	}
}

// applyRejudgement judges what an older policy or older rules have judged; it never goes back to older ones, so that
// replicas of two versions side by side do not undo each other's verdicts.
func (g *group) applyRejudgement(rec *record, o Observation) Outcome {
	older := rec.PolicyVersion > g.policy.version || rec.JudgeVersion > account.JudgeVersion
	same := rec.PolicyVersion == g.policy.version && rec.JudgeVersion == account.JudgeVersion
	if older || same {
		return Outcome{Result: Stale, Why: "judged already"}
	}
	rec.dirty = true
	g.judge(rec, o)
	return applied
}
