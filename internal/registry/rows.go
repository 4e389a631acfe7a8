package registry

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
)

// The rows as json_to_recordset takes them: one JSON parameter a statement costs a third of what twenty arrays do.

// accountRow is what is written of an account; Ord is null where its version stays.
type accountRow struct {
	ID                  string               `json:"id"`
	SellerID            string               `json:"seller_id"`
	Livemode            bool                 `json:"livemode"`
	Type                *string              `json:"type"`
	DisplayName         *string              `json:"display_name"`
	Country             *string              `json:"country"`
	DefaultCurrency     *string              `json:"default_currency"`
	ChargesEnabled      *bool                `json:"charges_enabled"`
	PayoutsEnabled      *bool                `json:"payouts_enabled"`
	DetailsSubmitted    *bool                `json:"details_submitted"`
	Requirements        *client.Requirements `json:"requirements"`
	FutureRequirements  *client.Requirements `json:"future_requirements"`
	Capabilities        map[string]string    `json:"capabilities"`
	Status              string               `json:"status"`
	CanTransact         bool                 `json:"can_transact"`
	CanAcceptPayments   bool                 `json:"can_accept_payments"`
	CanReceivePayouts   bool                 `json:"can_receive_payouts"`
	AllowUnlink         bool                 `json:"allow_unlink"`
	Reasons             json.RawMessage      `json:"reasons"`
	AtRiskAt            *time.Time           `json:"at_risk_at"`
	PolicyVersion       int32                `json:"policy_version"`
	JudgeVersion        int32                `json:"judge_version"`
	AsOf                *time.Time           `json:"as_of"`
	AsOfFrom            *time.Time           `json:"as_of_from"`
	CheckedAt           *time.Time           `json:"checked_at"`
	NextCheckAt         *time.Time           `json:"next_check_at"`
	ClaimedUntil        *time.Time           `json:"claimed_until"`
	CheckFailures       int32                `json:"check_failures"`
	LastCheckError      *string              `json:"last_check_error"`
	FailingSince        *time.Time           `json:"failing_since"`
	Ladder              int16                `json:"ladder"`
	HeldBack            bool                 `json:"held_back"`
	HeldBackBy          *string              `json:"held_back_by"`
	ConnectedAt         time.Time            `json:"connected_at"`
	GrantedFrom         time.Time            `json:"granted_from"`
	GrantedAt           time.Time            `json:"granted_at"`
	DeauthorizationSeen bool                 `json:"deauthorization_seen"`
	DisconnectedAt      *time.Time           `json:"disconnected_at"`
	DisconnectReason    *string              `json:"disconnect_reason"`
	Revision            int64                `json:"revision"`
	Ord                 *int64               `json:"ord"`
}

func newAccountRow(rec *record, ord int64) (accountRow, error) {
	reasons, err := encodeReasons(rec)
	if err != nil {
		return accountRow{}, err
	}
	row := accountRow{
		ID: rec.ID, SellerID: rec.SellerID, Livemode: rec.Livemode, Type: rec.Type, DisplayName: rec.DisplayName,
		Country: rec.Country, DefaultCurrency: rec.DefaultCurrency, ChargesEnabled: rec.ChargesEnabled,
		PayoutsEnabled: rec.PayoutsEnabled, DetailsSubmitted: rec.DetailsSubmitted, Requirements: toWireOrNil(rec.facts.Requirements),
		FutureRequirements: toWireOrNil(rec.facts.FutureRequirements), Capabilities: rec.facts.Capabilities, Status: rec.Status,
		CanTransact: rec.CanTransact, CanAcceptPayments: rec.CanAcceptPayments, CanReceivePayouts: rec.CanReceivePayouts,
		AllowUnlink: rec.AllowUnlink, Reasons: reasons, AtRiskAt: rec.AtRiskAt, PolicyVersion: rec.PolicyVersion,
		JudgeVersion: rec.JudgeVersion, AsOf: rec.AsOf, AsOfFrom: rec.AsOfFrom, CheckedAt: rec.CheckedAt,
		NextCheckAt: rec.NextCheckAt, ClaimedUntil: rec.ClaimedUntil, CheckFailures: rec.CheckFailures,
		LastCheckError: rec.LastCheckError, FailingSince: rec.FailingSince, Ladder: rec.Ladder, HeldBack: rec.HeldBack, HeldBackBy: rec.HeldBackBy,
		ConnectedAt: rec.ConnectedAt, GrantedFrom: rec.GrantedFrom,
		GrantedAt: rec.GrantedAt, DeauthorizationSeen: rec.DeauthorizationSeen, DisconnectedAt: rec.DisconnectedAt,
		DisconnectReason: rec.DisconnectReason, Revision: rec.Revision,
	}
	if ord > 0 {
		row.Ord = &ord
	}
	return row, nil
}

func toWireOrNil(r *account.Requirements) *client.Requirements {
	if r == nil {
		return nil
	}
	wire := toWire(r)
	return &wire
}

// encodeReasons gives those of the group's verdict, or the row's as they are where the group judged nothing.
func encodeReasons(rec *record) (json.RawMessage, error) {
	if rec.verdict.Status == "" {
		return rec.Reasons, nil
	}
	encoded, err := json.Marshal(reasonsToWire(rec.verdict.Reasons))
	if err != nil {
		return nil, fmt.Errorf("encode reasons: %w", err)
	}
	return encoded, nil
}

type storedEvent struct {
	ID      string    `json:"id"`
	Type    string    `json:"type"`
	Account *string   `json:"account"`
	Created time.Time `json:"created"`
	Outcome Result    `json:"outcome"`
	Why     *string   `json:"why"`
	Payload *string   `json:"payload"`
}

// stored keeps no payload of what was ignored.
func (o Observation) stored(out Outcome) storedEvent {
	e := storedEvent{
		ID: o.event.ID, Type: o.event.Type, Account: orNil(o.event.Account), Created: o.event.Created,
		Outcome: out.Result, Why: orNil(out.Why),
	}
	if out.Result != Disregard {
		e.Payload = orNil(o.event.Payload)
	}
	return e
}

type closedConnection struct {
	AccountID        string    `json:"account_id"`
	DisconnectedAt   time.Time `json:"disconnected_at"`
	DisconnectReason string    `json:"disconnect_reason"`
}

type openedConnection struct {
	SellerID    string    `json:"seller_id"`
	AccountID   string    `json:"account_id"`
	ConnectedAt time.Time `json:"connected_at"`
}
