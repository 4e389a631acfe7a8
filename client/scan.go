package client

import "time"

// Scan is the report of one pass of the health scan.
type Scan struct {
	ID string `json:"id"`
	// State is running, braked, finished or stopped. Stopped: Stripe refused the key.
	State string `json:"state"`
	// Why says in words why the pass was stopped, or by whom its brake was released.
	Why        *string    `json:"why"`
	StartedBy  string     `json:"started_by"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
	// Due counts the accounts that the pass found due so far, Checked those that it retrieved, held back or not.
	Due     int64 `json:"due"`
	Checked int64 `json:"checked"`
	Changed int64 `json:"changed"`
	// NewlyUnable leaves out the disconnected.
	NewlyUnable  int64 `json:"newly_unable"`
	NewlyAble    int64 `json:"newly_able"`
	Disconnected int64 `json:"disconnected"`
	// Failed counts the checks that gave no answer; those accounts stay due.
	Failed      int64 `json:"failed"`
	HeldBack    int64 `json:"held_back"`
	StripeCalls int64 `json:"stripe_calls"`
	// Rate is in calls to Stripe a second.
	Rate float64 `json:"rate"`
	// ChangedAccounts and HeldBackAccounts are the first thousand of each, by id.
	ChangedAccounts  []ScannedAccount `json:"changed_accounts"`
	HeldBackAccounts []ScannedAccount `json:"held_back_accounts"`
}

// ScannedAccount is an account that a pass changed, or would have, with its status before and after.
type ScannedAccount struct {
	AccountID string `json:"account_id"`
	SellerID  string `json:"seller_id"`
	From      string `json:"from"`
	To        string `json:"to"`
}
