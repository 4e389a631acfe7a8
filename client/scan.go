package client

import "time"

// Scan is the report of one pass of the health scan.
type Scan struct {
	ID string `json:"id" doc:"The scan's id"`
	// State is running, braked, finished or stopped. Stopped: Stripe refused the key.
	State string `json:"state" enum:"running,braked,finished,stopped" doc:"braked: it holds back what goes beyond the brake until somebody resumes it; stopped: Stripe refused connectd's key"`
	// Method is retrieve, or list: by pages of a hundred accounts.
	Method string `json:"method" enum:"retrieve,list" doc:"How it asks Stripe: for each account by itself, or by pages of 100 of Stripe's list"`
	// Why says in words why the pass was stopped, or by whom its brake was released.
	Why        *string    `json:"why" doc:"Why it was stopped, or who released its brake, in words; null where neither happened"`
	StartedBy  string     `json:"started_by" doc:"schedule, or who started it: a key's id, say"`
	StartedAt  time.Time  `json:"started_at" doc:"When it was started"`
	FinishedAt *time.Time `json:"finished_at" doc:"When it ended; null while it runs or is braked"`
	// Due counts the accounts that the pass found due so far, Checked those that it retrieved, held back or not.
	Due     int64 `json:"due" minimum:"0" doc:"Accounts that it found due so far"`
	Checked int64 `json:"checked" minimum:"0" doc:"Accounts that it retrieved, held back or not"`
	Changed int64 `json:"changed" minimum:"0" doc:"Accounts whose readiness it changed"`
	// NewlyUnable leaves out the disconnected.
	NewlyUnable  int64 `json:"newly_unable" minimum:"0" doc:"Accounts that could transact before and can't now, without the disconnected"`
	NewlyAble    int64 `json:"newly_able" minimum:"0" doc:"Accounts that could not transact before and can now"`
	Disconnected int64 `json:"disconnected" minimum:"0" doc:"Accounts that it found disconnected"`
	// Failed counts the checks that gave no answer; those accounts stay due.
	Failed      int64 `json:"failed" minimum:"0" doc:"Checks that gave no answer; those accounts stay due"`
	HeldBack    int64 `json:"held_back" minimum:"0" doc:"Accounts that would lose the ability to transact beyond the brake; they stay as they were, and due"`
	StripeCalls int64 `json:"stripe_calls" minimum:"0" doc:"Calls to Stripe that it made"`
	// Rate is in calls to Stripe a second.
	Rate float64 `json:"rate" minimum:"0" doc:"Calls to Stripe a second"`
	// ChangedAccounts and HeldBackAccounts are the first thousand of each, by id.
	ChangedAccounts  []ScannedAccount `json:"changed_accounts" doc:"The first 1,000 accounts that it changed, by id"`
	HeldBackAccounts []ScannedAccount `json:"held_back_accounts" doc:"The first 1,000 accounts that it holds back, by id"`
}

// ScannedAccount is an account that a pass changed, or would have, with its status before and after.
type ScannedAccount struct {
	AccountID string `json:"account_id" doc:"Stripe's id of the account"`
	SellerID  string `json:"seller_id" doc:"Who holds it"`
	From      string `json:"from" doc:"The status before"`
	To        string `json:"to" doc:"The status that was found"`
}
