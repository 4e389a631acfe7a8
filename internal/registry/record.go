package registry

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// record is an account's row under its lock: what it holds, and what the group's observations make of it.
type record struct {
	db.Account
	isNew  bool // its place was made by this group
	opened bool // connected by this group
	dirty  bool // to be written

	wasStatus string // before the group; "" where there was no account

	facts   account.Facts
	verdict account.Verdict // zero until the group judges the row
}

func newRecord(row db.Account, isNew bool) (*record, error) {
	rec := &record{Account: row, isNew: isNew}
	if !isNew {
		rec.wasStatus = row.Status
	}
	if err := rec.decodeFacts(); err != nil {
		return nil, fmt.Errorf("account %s as stored: %w", row.ID, err)
	}
	return rec, nil
}

func (rec *record) connected() bool { return rec.DisconnectedAt == nil && !rec.isNew }

// interval is when the row's facts were true; both ends are zero where nothing is known yet.
func (rec *record) interval() account.Interval {
	return account.Interval{From: orZero(rec.AsOfFrom), To: orZero(rec.AsOf)}
}

func (rec *record) grant() account.Interval {
	return account.Interval{From: rec.GrantedFrom, To: rec.GrantedAt}
}

// regrant moves the grant's interval forward: exchanges may be told of in another order than Stripe made them. It is
// another in any case, so that an unlink that was asked for before can tell.
func (rec *record) regrant(i account.Interval) {
	raised := rec.grant().Raise(i)
	if raised.Equal(rec.grant()) {
		raised.From = raised.From.Add(time.Microsecond)
	}
	rec.GrantedFrom, rec.GrantedAt = raised.From, raised.To
}

// raise moves the row's interval forward, never back.
func (rec *record) raise(i account.Interval) {
	raised := rec.interval().Raise(i)
	rec.AsOfFrom, rec.AsOf = &raised.From, &raised.To
}

// touch marks that something was learned that a retrieval under way can't know: it will be thrown away and made again. So is
// what a pass held back.
func (rec *record) touch() {
	rec.Revision++
	rec.HeldBack, rec.dirty = false, true
}

// wish makes the account due at once: it only ever pulls the due date forward, and ends a wait after failures. A claim that
// has ended is what scanners of all processes look for.
func (rec *record) wish(now time.Time) {
	if rec.ClaimedUntil == nil || rec.ClaimedUntil.Before(now) || rec.CheckFailures > 0 {
		rec.ClaimedUntil = &now
	}
	if rec.NextCheckAt == nil || rec.NextCheckAt.After(now) {
		rec.NextCheckAt = &now
	}
}

// claim holds the account back from others who look for what is due.
func (rec *record) claim(until time.Time) { rec.ClaimedUntil = &until }

// setFacts replaces what the row says of the account.
func (rec *record) setFacts(f account.Facts) {
	rec.facts = f
	rec.Type, rec.DisplayName = orNil(f.Type), orNil(f.DisplayName)
	rec.Country, rec.DefaultCurrency = orNil(f.Country), orNil(f.DefaultCurrency)
	rec.ChargesEnabled, rec.PayoutsEnabled, rec.DetailsSubmitted = f.ChargesEnabled, f.PayoutsEnabled, f.DetailsSubmitted
}

func (rec *record) setVerdict(v account.Verdict, policyVersion int32) {
	rec.verdict = v
	rec.Status, rec.CanTransact, rec.AllowUnlink = string(v.Status), v.CanTransact, v.AllowUnlink
	rec.CanAcceptPayments, rec.CanReceivePayouts = v.CanAcceptPayments, v.CanReceivePayouts
	rec.AtRiskAt = v.AtRiskAt
	rec.PolicyVersion, rec.JudgeVersion = policyVersion, account.JudgeVersion
}

func (rec *record) decodeFacts() error {
	rec.facts = account.Facts{
		Connected: rec.connected(), Type: client.Text(rec.Type), DisplayName: client.Text(rec.DisplayName),
		Country: client.Text(rec.Country), DefaultCurrency: client.Text(rec.DefaultCurrency),
		ChargesEnabled: rec.ChargesEnabled, PayoutsEnabled: rec.PayoutsEnabled, DetailsSubmitted: rec.DetailsSubmitted,
	}
	var err error
	if rec.facts.Requirements, err = decodeRequirements(rec.Requirements); err != nil {
		return err
	}
	if rec.facts.FutureRequirements, err = decodeRequirements(rec.FutureRequirements); err != nil {
		return err
	}
	return decodeOptional(rec.Capabilities, &rec.facts.Capabilities)
}

func decodeRequirements(stored []byte) (*account.Requirements, error) {
	var wire *client.Requirements
	if err := decodeOptional(stored, &wire); err != nil || wire == nil {
		return nil, err
	}
	r := fromWire(*wire)
	return &r, nil
}

func decodeOptional[T any](stored []byte, into *T) error {
	if stored == nil {
		return nil
	}
	return json.Unmarshal(stored, into)
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
