package metrics

import (
	"time"

	"github.com/connectd/connectd/internal/db"
)

// figure is a gauge and what it shows, by its labels one value or several.
type figure struct {
	name, help string
	samples    []sample
	labels     []string
}

type sample struct {
	value  float64
	labels []string
}

func plain(value float64) []sample { return []sample{{value: value}} }

func count(n int64) []sample { return plain(float64(n)) }

// yes is 1 where b holds.
func yes(b bool) []sample { return plain(oneIf(b)) }

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// age is how many seconds ago a moment was, 0 where there was none or it is to come.
func age(since, at time.Time) []sample {
	if isNone(since) {
		return plain(0)
	}
	return plain(max(0, at.Sub(since).Seconds()))
}

// moment is in seconds since 1970, 0 where there was none.
func moment(t time.Time) []sample {
	if isNone(t) {
		return plain(0)
	}
	return plain(float64(t.UnixMilli()) / 1000)
}

func isNone(t time.Time) bool { return t.Unix() <= 0 }

func (d *Database) figuresOfTables(row db.FiguresRow, at time.Time) []figure {
	return []figure{
		{"connectd_check_overdue_seconds", "How long ago the turn came of the account that has been due for a check for longest.", age(row.NextTurn, at), nil},
		{"connectd_webhook_last_event_timestamp_seconds", "When the last event of Stripe's was stored, by any replica; 0 before the first.", moment(row.HeardAt), nil},
		{"connectd_webhook_endpoint_disabled", "1 where Stripe has switched the webhook endpoint off.", yes(row.Deaf), nil},
		{"connectd_heartbeat_timestamp_seconds", "When connectd was last alive, by any replica.", moment(row.BeatAt), nil},
		{"connectd_catch_up_running", "1 while what was missed is being caught up with.", yes(row.CatchingUp), nil},
		{"connectd_catch_up_accounts_left", "Accounts whose events a catch-up has still to ask for.", count(row.CatchUpLeft), nil},
		{"connectd_scan_state", "1 for the state of the scan: none (no pass is open), running or braked.", scanStates(row.ScanState), []string{"state"}},
		{"connectd_scan_last_finished_timestamp_seconds", "When the last pass that finished did; 0 before the first.", moment(row.ScanFinishedAt), nil},
		{"connectd_stripe_rate_factor", "What part of the rate of checks is left after Stripe's refusals (429): 1 is all.", plain(row.RateFactor), nil},
		{"connectd_stripe_pause_seconds", "For how long checks still pause, as Stripe has asked.", plain(row.Pause), nil},
		{"connectd_stripe_budget_ahead_seconds", "How far all calls taken so far reach beyond now at the rate that Stripe permits: the budget in use, all replicas together.", plain(row.AllAhead), nil},
		{"connectd_stripe_scan_ahead_seconds", "How far the calls that checks have taken reach beyond now at CONNECTD_STRIPE_RATE.", plain(row.ScanAhead), nil},
		{"connectd_mails_open", "Mails that are still to be sent.", count(row.OpenMails), nil},
		{"connectd_mail_age_seconds", "How long ago the mail was made that is to be sent for longest.", age(row.OldestMailAt, at), nil},
		{"connectd_feed_lag_positions", "Positions of the feed that this replica had not seen when the database was asked.", count(d.unseen(row.FeedPosition)), nil},
		{"connectd_feed_untold_seconds", "How long ago the change was made that has waited for longest to become deliveries and mails.", age(row.UntoldSince, at), nil},
	}
}

func (d *Database) unseen(position int64) int64 {
	if d.Seen == nil {
		return 0
	}
	return max(0, position-d.Seen())
}

func scanStates(state string) []sample {
	return []sample{
		{oneIf(state == ""), []string{"none"}}, {oneIf(state == "running"), []string{"running"}}, {oneIf(state == "braked"), []string{"braked"}},
	}
}

func figuresOfTroubles(row db.TroublesRow, _ time.Time) []figure {
	return []figure{
		{"connectd_accounts_overdue", "Accounts that have been due for a check for more than an hour, counted as far as 1000.", count(row.Overdue), nil},
		{"connectd_accounts_failing", "Connected accounts that could not be checked for three days.", count(row.Failing), nil},
		{"connectd_accounts_held_back", "Accounts that the scan's brake holds back.", count(row.HeldBack), nil},
		{"connectd_events_unreadable", "Stripe's events that are stored and could not be read.", count(row.Unreadable), nil},
		{"connectd_event_endpoints_disabled", "Endpoints of connectd's own events that are switched off after days of failure.", count(row.SwitchedOff), nil},
	}
}

func (d *Database) figuresOfReads(made int64) []figure {
	return []figure{
		{"connectd_stripe_reads", "Reads of Stripe's API that connectd has made in the last 30 days.", count(made), nil},
		{"connectd_stripe_read_allocation", "Reads of Stripe's API that the platform may make in 30 days (CONNECTD_STRIPE_READ_ALLOCATION).", count(d.ReadAllocation), nil},
	}
}

func (d *Database) figuresOfLeader(id string) []figure {
	return []figure{{"connectd_job_leader", "1 where this replica leads the job queue, as one of all does.", yes(id != "" && id == d.JobsClient), nil}}
}

// known are the statuses that an account may have; those of a later version are other.
var known = map[string]bool{
	"enabled": true, "restricted_soon": true, "restricted": true, "in_review": true, "incomplete": true, "rejected": true,
	"unsupported": true, "disconnected": true,
}

func figuresOfAccounts(rows []db.StatusCount, _ time.Time) []figure {
	counted := map[string]float64{other: 0}
	for status := range known {
		counted[status] = 0
	}
	for _, row := range rows {
		status := row.Status
		if !known[status] {
			status = other
		}
		counted[status] += float64(row.Accounts)
	}
	var samples []sample
	for status, n := range counted {
		samples = append(samples, sample{n, []string{status}})
	}
	return []figure{{"connectd_accounts", "Accounts by status.", samples, []string{"status"}}}
}

// queues are those that jobs wait in.
var queues = []string{"default", "deliveries", "mail"}

// states are those of jobs that are not done (riverqueue.com/docs/job-state).
var states = []string{"available", "pending", "retryable", "running", "scheduled"}

func figuresOfJobs(found []queue, at time.Time) []figure {
	return []figure{
		{
			"connectd_jobs", "Jobs by queue and state, counted as far as 10000; deliveries are those of all event endpoints, each counted as far.",
			jobs(found),
			[]string{"queue", "state"},
		},
		{"connectd_job_queue_age_seconds", "How long the job that could be worked for longest has waited.", jobAges(found, at), []string{"queue"}},
	}
}

func jobs(found []queue) (samples []sample) {
	counted := map[[2]string]float64{}
	for _, q := range found {
		counted[[2]string{q.Name, q.State}] = float64(q.Jobs)
	}
	for _, name := range queues {
		for _, state := range states {
			samples = append(samples, sample{counted[[2]string{name, state}], []string{name, state}})
		}
	}
	return samples
}

func jobAges(found []queue, at time.Time) (samples []sample) {
	oldest := map[string]float64{}
	for _, q := range found {
		if !isNone(q.Oldest) {
			oldest[q.Name] = max(oldest[q.Name], at.Sub(q.Oldest).Seconds())
		}
	}
	for _, name := range queues {
		samples = append(samples, sample{oldest[name], []string{name}})
	}
	return samples
}
