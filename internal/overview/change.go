package overview

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

// change is what counts of a change of a seller's readiness.
type change struct {
	position int64
	sellerID string
	at       time.Time
	source   registry.Source
	before   *state // nil at a seller's first
	after    state
}

// state is what counts of a readiness.
type state struct {
	AccountID    string              `json:"account_id"`
	CanTransact  bool                `json:"can_transact"`
	Reasons      []client.Reason     `json:"reasons"`
	Requirements client.Requirements `json:"requirements"`
}

func changeOf(row db.ChangesToCountRow) (change, error) {
	c := change{position: row.Position, sellerID: row.SellerID, at: row.At.UTC(), source: registry.Source(row.Source)}
	if row.Before != nil {
		c.before = &state{}
		if err := json.Unmarshal(row.Before, c.before); err != nil {
			return c, fmt.Errorf("what was published before change %d, as stored: %w", row.Position, err)
		}
	}
	if err := json.Unmarshal(row.After, &c.after); err != nil {
		return c, fmt.Errorf("what was published by change %d, as stored: %w", row.Position, err)
	}
	return c, nil
}

func (c change) wasAble() bool { return c.before != nil && c.before.CanTransact }

// connects reports whether a seller has connected for the first time, and not been imported.
func (c change) connects() bool { return c.before == nil && c.source == registry.OAuth }

// becameDue are the requirements that the change has added to what Stripe needs now, of an account that had been read before: what
// it needs of a new one from the beginning has not become due.
func (c change) becameDue() []string {
	if c.before == nil || c.before.AccountID != c.after.AccountID || c.before.has(account.CodeNotChecked) {
		return nil
	}
	known := c.before.due()
	return slices.DeleteFunc(c.after.due(), func(code string) bool { return slices.Contains(known, code) })
}

// due is what Stripe needs now, each once.
func (s state) due() []string {
	var codes []string
	for _, code := range slices.Concat(s.Requirements.CurrentlyDue, s.Requirements.PastDue) {
		codes = append(codes, ofAny(code))
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

func (s state) has(code account.Code) bool {
	return slices.ContainsFunc(s.Reasons, func(r client.Reason) bool { return r.Code == string(code) })
}

// detailed reports whether the seller has given Stripe the account's details.
func (s state) detailed() bool {
	for _, code := range []account.Code{
		account.CodeNotConnected, account.CodeDisconnected, account.CodeNotChecked, account.CodeDetailsMissing,
	} {
		if s.has(code) {
			return false
		}
	}
	return true
}

// Cause is why a seller can't transact, or what became due; what is not said of it is "".
type Cause struct {
	Code           account.Code `json:"code"` // the worst reason's
	DisabledReason string       `json:"disabled_reason"`
	Requirement    string       `json:"requirement"` // the first that Stripe needs
}

// cause is the worst reason, with what Stripe says of it where it is Stripe's.
func (s state) cause() Cause {
	if len(s.Reasons) == 0 {
		return Cause{}
	}
	c := Cause{Code: account.Code(s.Reasons[0].Code)}
	switch c.Code {
	case account.CodeRejected:
		c.DisabledReason = client.Text(s.Requirements.DisabledReason)
	case account.CodeChargesDisabled, account.CodePayoutsDisabled, account.CodeCapabilityInactive, account.CodeRequirementPastDue,
		account.CodeRequirementDue, account.CodeInReview:
		c.DisabledReason = client.Text(s.Requirements.DisabledReason)
		c.Requirement = s.firstNeeded()
	}
	return c
}

func (s state) firstNeeded() string {
	for _, r := range s.Reasons {
		if r.Requirement != "" {
			return ofAny(r.Requirement)
		}
	}
	return ""
}

// numbered begins the names of requirements that hold an id, such as a person's.
var numbered = regexp.MustCompile(`^(?:(person|interv)_[A-Za-z0-9]+|([a-z]+)_[A-Za-z0-9]*[A-Z0-9][A-Za-z0-9]*)\.`)

// ofAny is the requirement as it is called of anybody: what many owe is one thing.
func ofAny(code string) string { return numbered.ReplaceAllString(code, "${1}${2}_any.") }
