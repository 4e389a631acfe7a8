package client

import "time"

// Account is a connected account's row: its holder, what Stripe last said of it, and what the platform's policy makes of
// that. The names are the columns' names.
type Account struct {
	ID                 string            `json:"id" doc:"Stripe's id of the account"`
	SellerID           string            `json:"seller_id" doc:"Who holds the account, or held it last"`
	Livemode           bool              `json:"livemode" doc:"Whether it was connected in live mode"`
	Type               *string           `json:"type" doc:"standard, express, custom or none"`
	DisplayName        *string           `json:"display_name" doc:"The business's name at Stripe"`
	Country            *string           `json:"country" doc:"ISO 3166-1 alpha-2, upper case"`
	DefaultCurrency    *string           `json:"default_currency" doc:"ISO 4217, lower case"`
	ChargesEnabled     *bool             `json:"charges_enabled" doc:"Whether Stripe lets the account take payments; null where Stripe has not said"`
	PayoutsEnabled     *bool             `json:"payouts_enabled" doc:"Whether Stripe pays out; null where Stripe has not said"`
	DetailsSubmitted   *bool             `json:"details_submitted" doc:"Whether the account's details were submitted; null where Stripe has not said"`
	Requirements       *Requirements     `json:"requirements" doc:"What Stripe needs; null where Stripe has not said"`
	FutureRequirements *Requirements     `json:"future_requirements" doc:"What Stripe will need; null where Stripe has not said"`
	Capabilities       map[string]string `json:"capabilities" nullable:"true" doc:"Each capability's status: active, inactive or pending"`
	Status             string            `json:"status" enum:"not_connected,disconnected,rejected,unsupported,incomplete,in_review,restricted,restricted_soon,enabled" doc:"The account's state in one word"`
	CanTransact        bool              `json:"can_transact" doc:"Whether the seller may transact"`
	CanAcceptPayments  bool              `json:"can_accept_payments" doc:"Whether the account can take payments under the policy"`
	CanReceivePayouts  bool              `json:"can_receive_payouts" doc:"Whether Stripe pays out to the seller's bank"`
	AllowUnlink        bool              `json:"allow_unlink" doc:"Whether the seller may disconnect the account"`
	Reasons            []Reason          `json:"reasons" doc:"Why not, or what threatens it, worst first"`
	AtRiskAt           *time.Time        `json:"at_risk_at" doc:"The earliest moment at which an able seller may lose it"`
	PolicyVersion      int32             `json:"policy_version" doc:"The version of the policy that judged"`
	JudgeVersion       int32             `json:"judge_version" doc:"The version of the rules that judged"`
	AsOf               *time.Time        `json:"as_of" doc:"When the facts were true, by Stripe's clock: the latest moment"`
	AsOfFrom           *time.Time        `json:"as_of_from" doc:"When the facts were true, by Stripe's clock: the earliest moment"`
	CheckedAt          *time.Time        `json:"checked_at" doc:"When the account was last retrieved"`
	NextCheckAt        *time.Time        `json:"next_check_at" doc:"When it is due to be retrieved again; null where disconnected"`
	CheckFailures      int32             `json:"check_failures" doc:"Checks that failed since the last that did not"`
	LastCheckError     *string           `json:"last_check_error" doc:"Why the last check failed; null where it did not"`
	ConnectedAt        time.Time         `json:"connected_at" doc:"When the current or last connection began"`
	DisconnectedAt     *time.Time        `json:"disconnected_at" doc:"When it ended; null while connected"`
	DisconnectReason   *string           `json:"disconnect_reason" enum:"deauthorized,unlinked,account_invalid" doc:"How it ended"`
	Revision           int64             `json:"revision" doc:"Rises with everything learned of the account"`
	Version            int64             `json:"version" doc:"The feed's position of the account's last change"`
}

// Change is one entry of an account's history: readiness before and after.
type Change struct {
	Position      int64              `json:"position" doc:"Its place in the feed"`
	AccountID     string             `json:"account_id" doc:"Stripe's id of the account"`
	SellerID      string             `json:"seller_id" doc:"Whose readiness changed"`
	At            time.Time          `json:"at" doc:"When connectd stored it"`
	Source        string             `json:"source" enum:"oauth,webhook,scan,recheck,import,policy,person" doc:"By what way connectd learned it"`
	EventID       *string            `json:"event_id" doc:"Stripe's event behind it"`
	RequestID     *string            `json:"request_id" doc:"Stripe's id of the request behind it"`
	PolicyVersion int32              `json:"policy_version" doc:"The version of the policy that judged"`
	Before        *RecordedReadiness `json:"before" doc:"Readiness before; null at a seller's first"`
	After         RecordedReadiness  `json:"after" doc:"Readiness after"`
}
