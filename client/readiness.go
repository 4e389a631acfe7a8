// Package client is the Go side of connectd's API: its wire types, written once and used by the server too; a Client that
// asks; a Replica that holds every seller's readiness in memory; and VerifyEvent for the events that connectd sends.
//
// It may import the standard library alone. Its one rule: what it does not know, can't read or can't place is never a yes.
package client

import "time"

// Readiness says whether a seller can transact now and, if not, why, who must act, and how. It is what product code reads.
// Requirements and Reasons are shared and read-only.
type Readiness struct {
	SellerID string `json:"seller_id" doc:"The platform's own id of the seller"`
	// AccountID is the connected account, or the one held last where disconnected; nil before the first connection.
	AccountID         *string      `json:"account_id" doc:"Stripe's id of the connected account; the one held last where disconnected; null before the first connection"`
	CanTransact       bool         `json:"can_transact" doc:"Whether the seller may transact now"`
	CanAcceptPayments bool         `json:"can_accept_payments" doc:"Whether the account can take payments under the platform's policy"`
	CanReceivePayouts bool         `json:"can_receive_payouts" doc:"Whether Stripe pays out to the seller's bank"`
	Status            string       `json:"status" enum:"not_connected,disconnected,rejected,unsupported,incomplete,in_review,restricted,restricted_soon,enabled" doc:"The account's state in one word"`
	Reasons           []Reason     `json:"reasons" doc:"Why not, or what threatens it, worst first; empty where all is well"`
	Requirements      Requirements `json:"requirements" doc:"What Stripe needs, in Stripe's names"`
	DisplayName       *string      `json:"display_name" doc:"The business's name at Stripe"`
	Country           *string      `json:"country" doc:"ISO 3166-1 alpha-2, upper case"`
	Currency          *string      `json:"currency" doc:"The account's default currency: ISO 4217, lower case"`
	AllowUnlink       bool         `json:"allow_unlink" doc:"Whether the seller may disconnect the account: never while it works and has a name"`
	// Stale: the account was not checked for longer than the server's limit (35 days unless set).
	Stale bool `json:"stale" doc:"Not checked for longer than CONNECTD_STALE_AFTER (35 days unless set)"`
	// AtRiskAt is the earliest moment at which a seller who can transact may lose that.
	AtRiskAt *time.Time `json:"at_risk_at" doc:"The earliest moment at which a seller who can transact may lose that"`
	// AsOf is when this was true, by Stripe's clock.
	AsOf *time.Time `json:"as_of" doc:"When this was true, by Stripe's clock"`
	// CheckedAt is when connectd last retrieved the account.
	CheckedAt *time.Time `json:"checked_at" doc:"When the account was last retrieved from Stripe"`
	// Version is the feed's position of the seller's last change; it only grows. 0 before the first connection.
	Version int64 `json:"version" doc:"The feed's position of the seller's last change; it only grows"`
}

// RecordedReadiness is readiness as it is kept: Stale and Version are only known when it is read, and are not part of it.
type RecordedReadiness struct {
	Readiness
	Stale   *bool  `json:"stale,omitempty" hidden:"true"`
	Version *int64 `json:"version,omitempty" hidden:"true"`
}

// Reason is one cause of a "no", or a threat to a "yes".
type Reason struct {
	Code    string `json:"code" doc:"Stable name of the reason"`
	Message string `json:"message" doc:"A sentence for people"`
	// Who must act: seller, platform or stripe.
	Who         string     `json:"who" enum:"seller,platform,stripe" doc:"Who must act"`
	Requirement string     `json:"requirement,omitempty" doc:"Stripe's name of what is due"`
	Error       string     `json:"error,omitempty" doc:"Stripe's own reason why the requirement was not met"`
	Deadline    *time.Time `json:"deadline,omitempty" doc:"Until when"`
}

// Requirements is what Stripe needs of the account, in Stripe's names (docs.stripe.com/api/accounts/object). Lists are
// never nil in what the server sends.
type Requirements struct {
	CurrentlyDue        []string           `json:"currently_due" doc:"Due now, to keep the account enabled"`
	PastDue             []string           `json:"past_due" doc:"Not given in time"`
	EventuallyDue       []string           `json:"eventually_due" doc:"Needed one day"`
	PendingVerification []string           `json:"pending_verification" doc:"Given, and being verified by Stripe"`
	Errors              []RequirementError `json:"errors" doc:"Why something given was not accepted"`
	DisabledReason      *string            `json:"disabled_reason" doc:"Why Stripe has disabled the account, in Stripe's words"`
	CurrentDeadline     *time.Time         `json:"current_deadline" doc:"Until when what is currently due must be given"`
}

// RequirementError says why a requirement was not met.
type RequirementError struct {
	Requirement string `json:"requirement" doc:"Stripe's name of the requirement"`
	Code        string `json:"code" doc:"Stripe's code"`
	Reason      string `json:"reason" doc:"Stripe's sentence"`
}
