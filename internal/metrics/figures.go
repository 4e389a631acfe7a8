package metrics

import "time"

// figureGauge is a gauge that the database's figures have.
type figureGauge struct {
	name, help string
	labels     []string
	values     func(d *Database, f figures, show func(value float64, labels ...string))
}

// one is a gauge of one value.
func one(name, help string, value func(f figures) float64) figureGauge {
	return figureGauge{name, help, nil, func(_ *Database, f figures, show func(float64, ...string)) { show(value(f)) }}
}

// age is a gauge of how long ago a moment was, 0 where there was none or it is to come.
func age(name, help string, since func(f figures) time.Time) figureGauge {
	return one(name, help, func(f figures) float64 {
		if isNone(since(f)) {
			return 0
		}
		return max(0, f.at.Sub(since(f)).Seconds())
	})
}

// moment is a gauge of a moment in seconds since 1970, 0 where there was none.
func moment(name, help string, at func(f figures) time.Time) figureGauge {
	return one(name, help, func(f figures) float64 { return float64(at(f).UnixMilli()) / 1000 })
}

func isNone(t time.Time) bool { return t.Unix() <= 0 }

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// known are the statuses that an account may have; those of a later version are other.
var known = map[string]bool{
	"enabled": true, "restricted_soon": true, "restricted": true, "in_review": true, "incomplete": true, "rejected": true,
	"unsupported": true, "disconnected": true,
}

var figureGauges = []figureGauge{
	{"connectd_accounts", "Accounts by status.", []string{"status"}, showStatuses},
	one("connectd_accounts_overdue", "Accounts that have been due for a check for more than an hour, counted as far as 1000.",
		func(f figures) float64 { return float64(f.troubles.Overdue) }),
	age("connectd_check_overdue_seconds", "How long ago the turn came of the account that has been due for a check for longest.",
		func(f figures) time.Time { return f.NextTurn }),
	one("connectd_accounts_failing", "Connected accounts that could not be checked for three days.",
		func(f figures) float64 { return float64(f.troubles.Failing) }),
	one("connectd_accounts_held_back", "Accounts that the scan's brake holds back.",
		func(f figures) float64 { return float64(f.troubles.HeldBack) }),
	one("connectd_events_unreadable", "Stripe's events that are stored and could not be read.",
		func(f figures) float64 { return float64(f.troubles.Unreadable) }),
	one("connectd_event_endpoints_disabled", "Endpoints of connectd's own events that are switched off after days of failure.",
		func(f figures) float64 { return float64(f.troubles.SwitchedOff) }),
	moment("connectd_webhook_last_event_timestamp_seconds", "When the last event of Stripe's was stored, by any replica; 0 before the first.",
		func(f figures) time.Time { return f.HeardAt }),
	one("connectd_webhook_endpoint_disabled", "1 where Stripe has switched the webhook endpoint off.",
		func(f figures) float64 { return oneIf(f.Deaf) }),
	moment("connectd_heartbeat_timestamp_seconds", "When connectd was last alive, by any replica.",
		func(f figures) time.Time { return f.BeatAt }),
	one("connectd_catch_up_running", "1 while what was missed is being caught up with.",
		func(f figures) float64 { return oneIf(f.CatchingUp) }),
	one("connectd_catch_up_accounts_left", "Accounts whose events a catch-up has still to ask for.",
		func(f figures) float64 { return float64(f.CatchUpLeft) }),
	{"connectd_scan_state", "1 for the state of the scan: none (no pass is open), running or braked.", []string{"state"}, showScan},
	moment("connectd_scan_last_finished_timestamp_seconds", "When the last pass that finished did; 0 before the first.",
		func(f figures) time.Time { return f.ScanFinishedAt }),
	one("connectd_stripe_rate_factor", "What part of the rate of checks is left after Stripe's refusals (429): 1 is all.",
		func(f figures) float64 { return f.RateFactor }),
	one("connectd_stripe_pause_seconds", "For how long checks still pause, as Stripe has asked.",
		func(f figures) float64 { return f.Pause }),
	one("connectd_stripe_budget_ahead_seconds", "How far all calls taken so far reach beyond now at the rate that Stripe permits: the budget in use, all replicas together.",
		func(f figures) float64 { return f.AllAhead }),
	one("connectd_stripe_scan_ahead_seconds", "How far the calls that checks have taken reach beyond now at CONNECTD_STRIPE_RATE.",
		func(f figures) float64 { return f.ScanAhead }),
	one("connectd_stripe_reads", "Reads of Stripe's API that connectd has made in the last 30 days.",
		func(f figures) float64 { return float64(f.reads) }),
	{
		"connectd_stripe_read_allocation", "Reads of Stripe's API that the platform may make in 30 days (CONNECTD_STRIPE_READ_ALLOCATION).", nil,
		func(d *Database, _ figures, show func(float64, ...string)) { show(float64(d.ReadAllocation)) },
	},
	{"connectd_jobs", "Jobs by queue and state, counted as far as 10000; deliveries are those of all event endpoints, each counted as far.", []string{"queue", "state"}, showJobs},
	{"connectd_job_queue_age_seconds", "How long the job that could be worked for longest has waited.", []string{"queue"}, showJobAges},
	{
		"connectd_job_leader", "1 where this replica leads the job queue, as one of all does.", nil,
		func(d *Database, f figures, show func(float64, ...string)) { show(oneIf(f.leader == d.JobsClient)) },
	},
	one("connectd_mails_open", "Mails that are still to be sent.", func(f figures) float64 { return float64(f.OpenMails) }),
	age("connectd_mail_age_seconds", "How long ago the mail was made that is to be sent for longest.",
		func(f figures) time.Time { return f.OldestMailAt }),
	{
		"connectd_feed_lag_positions", "Positions of the feed that this replica had not seen when the database was asked.", nil,
		func(d *Database, f figures, show func(float64, ...string)) {
			show(float64(max(0, f.FeedPosition-d.Seen())))
		},
	},
	age("connectd_feed_untold_seconds", "How long ago the change was made that has waited for longest to become deliveries and mails.",
		func(f figures) time.Time { return f.UntoldSince }),
}

func showStatuses(_ *Database, f figures, show func(float64, ...string)) {
	counted := map[string]float64{other: 0}
	for status := range known {
		counted[status] = 0
	}
	for _, row := range f.statuses {
		status := row.Status
		if !known[status] {
			status = other
		}
		counted[status] += float64(row.Accounts)
	}
	for status, n := range counted {
		show(n, status)
	}
}

func showScan(_ *Database, f figures, show func(float64, ...string)) {
	show(oneIf(f.ScanState == ""), "none")
	show(oneIf(f.ScanState == "running"), "running")
	show(oneIf(f.ScanState == "braked"), "braked")
}

// queues are those that jobs wait in.
var queues = []string{"default", "deliveries", "mail"}

// states are those of jobs that are not done (riverqueue.com/docs/job-state).
var states = []string{"available", "pending", "retryable", "running", "scheduled"}

func showJobs(_ *Database, f figures, show func(float64, ...string)) {
	counted := map[[2]string]float64{}
	for _, q := range f.queues {
		counted[[2]string{q.Name, q.State}] = float64(q.Jobs)
	}
	for _, name := range queues {
		for _, state := range states {
			show(counted[[2]string{name, state}], name, state)
		}
	}
}

func showJobAges(_ *Database, f figures, show func(float64, ...string)) {
	oldest := map[string]float64{}
	for _, q := range f.queues {
		if !isNone(q.Oldest) {
			oldest[q.Name] = max(oldest[q.Name], f.at.Sub(q.Oldest).Seconds())
		}
	}
	for _, name := range queues {
		show(max(0, oldest[name]), name)
	}
}
