package account

import "time"

// JudgeVersion names the rules in this package; it rises with each change that gives other verdicts.
const JudgeVersion = 1

// Status is an account's state in one word.
type Status string

// The statuses, in the order in which they are judged: the first that holds is the account's.
const (
	NotConnected   Status = "not_connected"
	Disconnected   Status = "disconnected"
	Rejected       Status = "rejected"
	Unsupported    Status = "unsupported"
	Incomplete     Status = "incomplete"
	InReview       Status = "in_review"
	Restricted     Status = "restricted"
	RestrictedSoon Status = "restricted_soon"
	Enabled        Status = "enabled"
)

// Statuses lists every status in the order in which they are judged.
func Statuses() []Status {
	return []Status{
		NotConnected, Disconnected, Rejected, Unsupported, Incomplete, InReview, Restricted, RestrictedSoon, Enabled,
	}
}

// Verdict is what a policy makes of an account's facts.
type Verdict struct {
	Status            Status
	CanTransact       bool
	CanAcceptPayments bool
	CanReceivePayouts bool
	// AllowUnlink says whether the seller may disconnect the account: never while it works and has a name.
	AllowUnlink bool
	// Reasons say why the seller can't transact or soon may not, worst first. It is never nil.
	Reasons []Reason
	// AtRiskAt is the earliest moment at which a seller who can transact may lose that, or nil.
	AtRiskAt *time.Time
}

// Who must act on a reason.
type Who string

// Those who can act.
const (
	Seller   Who = "seller"
	Platform Who = "platform"
	Stripe   Who = "stripe"
)

// Code names a reason; codes are stable.
type Code string

// The codes. Stale and not_confirmed are given when a verdict is read, by the reader's clock.
const (
	CodeNotConnected        Code = "not_connected"
	CodeDisconnected        Code = "disconnected"
	CodeNotChecked          Code = "not_checked"
	CodeRejected            Code = "rejected"
	CodeCountryUnsupported  Code = "country_unsupported"
	CodeCurrencyUnsupported Code = "currency_unsupported"
	CodeDetailsMissing      Code = "details_missing"
	CodeChargesDisabled     Code = "charges_disabled"
	CodePayoutsDisabled     Code = "payouts_disabled"
	CodeCapabilityInactive  Code = "capability_inactive"
	CodeRequirementPastDue  Code = "requirement_past_due"
	CodeRequirementDue      Code = "requirement_due"
	CodeInReview            Code = "in_review"
	CodeStale               Code = "stale"
	CodeNotConfirmed        Code = "not_confirmed"
)

// Reason says why a seller can't transact, or what threatens it, and who must act.
type Reason struct {
	Code    Code
	Message string // for people
	Who     Who
	// Requirement is Stripe's name of what is due, "" where none is.
	Requirement string
	// Error is Stripe's own reason why the requirement was not met, "" where it gave none.
	Error    string
	Deadline *time.Time
}
