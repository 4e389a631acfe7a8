package retention_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/robfig/cron/v3"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/retention"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

const (
	day  = 24 * time.Hour
	keep = 90 * day
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// store is a database with events in it.
type store struct {
	t    *testing.T
	pool *pgxpool.Pool
}

func newStore(t *testing.T) store {
	t.Helper()
	return store{t, postgrestest.Pool(t)}
}

// receive stores n events, and as much that was told, one a second from a moment on.
func (s store) receive(name string, n int, from time.Time) {
	s.t.Helper()
	s.exec(`insert into stripe_events (id, type, created, received_at, outcome, payload)
		select format('evt_%s_%s', $1::text, i), 'account.updated', $3, $3::timestamptz + i * interval '1 second', 'applied', repeat('x', 200)
		from generate_series(0, $2::int - 1) i`, name, n, from)
	s.exec(`insert into told (type, id, at)
		select 'checkout.paid', format('cs_%s_%s', $1::text, i), $3::timestamptz + i * interval '1 second' from generate_series(0, $2::int - 1) i`,
		name, n, from)
}

func (s store) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.pool.Exec(s.t.Context(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

// want holds how many events there are, and how many of what was told.
func (s store) want(events, told int) {
	s.t.Helper()
	var e, n int
	row := s.pool.QueryRow(s.t.Context(), `select (select count(*) from stripe_events), (select count(*) from told)`)
	if err := row.Scan(&e, &n); err != nil {
		s.t.Fatal(err)
	}
	if e != events || n != told {
		s.t.Errorf("%d events and %d that were told are left, want %d and %d", e, n, events, told)
	}
}

// client inserts jobs, and works them once it is started.
func (s store) client(workers *river.Workers) *river.Client[pgx.Tx] {
	s.t.Helper()
	cfg := &river.Config{}
	if workers != nil {
		cfg.Workers, cfg.Queues = workers, map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 1}}
	}
	jobs, err := river.NewClient(riverpgxv5.New(s.pool), cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	return jobs
}

// clock moves on by a step each time that it is read.
type clock struct {
	mu   sync.Mutex
	now  time.Time
	step time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(c.step)
	return c.now
}

func (s store) worker(step time.Duration) *retention.Worker {
	return &retention.Worker{Pool: s.pool, Now: (&clock{now: t0, step: step}).Now}
}

func TestWhatIsOldGoesAndTheRestStays(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.receive("old", 2500, t0)
	last := t0.Add(2000 * time.Second)
	_, more, err := s.worker(0).Delete(t.Context(), retention.Job{Before: last})
	if err != nil || more {
		t.Fatalf("more %v, %v", more, err)
	}
	s.want(500, 500)
	var oldest time.Time
	if err := s.pool.QueryRow(t.Context(), `select min(received_at) from stripe_events`).Scan(&oldest); err != nil || !oldest.Equal(last) {
		t.Errorf("%v: the oldest is of %s, want %s", err, oldest, last)
	}
}

// TestWhatFailedIsNeverDropped, however old: it is kept until it could be read, and applied again.
func TestWhatFailedIsNeverDropped(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.receive("old", 2500, t0)
	s.receive("failed", 2500, t0)
	s.exec(`update stripe_events set outcome = 'failed' where id like 'evt_failed_%'`)
	s.exec(`update stripe_events set received_at = $1 where received_at < $1`, t0.Add(1000*time.Second)) // more than a batch
	hour := func(left int) {
		t.Helper()
		if _, more, err := s.worker(0).Delete(t.Context(), retention.Job{Before: t0.Add(day)}); err != nil || more {
			t.Fatalf("more %v, %v", more, err)
		}
		s.want(left, 0)
	}
	hour(2500)
	hour(2500)
	s.exec(`update stripe_events set outcome = 'applied' where outcome = 'failed'`) // as a replay does
	hour(0)
}

// tell puts n entries into the feed, one a minute from a moment on, a position each.
func (s store) tell(n int, from time.Time) {
	s.t.Helper()
	s.exec(`with taken as (update feed set position = position + $1::int returning position - $1::int as before)
		insert into feed_entries (position, kind, at, seller_id, source, version)
		select before + i, 'check', $2::timestamptz + i * interval '1 minute', 's1', 'scan', 1 from taken, generate_series(1, $1::int) i`, n, from)
}

// wantEntries holds that these positions are left of the feed, all of them.
func (s store) wantEntries(first, last int64) {
	s.t.Helper()
	var f, l, n int64
	row := s.pool.QueryRow(s.t.Context(), `select coalesce(min(position), 0), coalesce(max(position), -1), count(*) from feed_entries`)
	if err := row.Scan(&f, &l, &n); err != nil {
		s.t.Fatal(err)
	}
	if f != first || l != last || n != last-first+1 {
		s.t.Errorf("%d entries from %d to %d are left, want %d to %d", n, f, l, first, last)
	}
}

// TestFeesGoLikeEvents: batch after batch, those that are old, and a batch reads what it deletes and no more.
func TestFeesGoLikeEvents(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.exec(`alter table checkout_fees set (autovacuum_enabled = false)`)
	for _, from := range []time.Time{t0, t0.Add(keep)} {
		s.exec(`insert into checkout_fees select format('cs_%s_%s', $1::timestamptz, i), 150, $1::timestamptz + i * interval '1 second'
			from generate_series(0, 4999) i`, from)
	}
	s.exec(`vacuum (analyze) checkout_fees`)
	first := s.blocks(db.DeleteCheckoutFees, t0.Add(-time.Second), t0.Add(day))
	second := s.blocks(db.DeleteCheckoutFees, t0.Add(999*time.Second), t0.Add(day))
	t.Logf("blocks that two batches touched: %d, %d", first, second)
	if second > first*3/2 {
		t.Errorf("the second batch touched %d blocks, the first %d", second, first)
	}
	if _, more, err := s.worker(0).Delete(t.Context(), retention.Job{Before: t0.Add(day)}); err != nil || more {
		t.Fatalf("more %v, %v", more, err)
	}
	var left int
	var oldest time.Time
	row := s.pool.QueryRow(t.Context(), `select count(*), min(at) from checkout_fees`)
	if err := row.Scan(&left, &oldest); err != nil || left != 5000 || !oldest.Equal(t0.Add(keep)) {
		t.Errorf("%d are left, the oldest of %s: %v", left, oldest, err)
	}
}

// TestDeliveriesGoLikeEvents: deliveries have an age of their own: they are tried for three days, and shown for thirty.
func TestDeliveriesGoLikeEvents(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.exec(`alter table deliveries set (autovacuum_enabled = false)`)
	for _, from := range []time.Time{t0, t0.Add(30 * day)} {
		s.exec(`insert into deliveries (id, endpoint_id, event_id, type, body, state, created_at)
			select format('dlv_%s_%s', $1::timestamptz, i), 'ep_1', 'msg_' || i, 'test', '{}', 'delivered', $1::timestamptz + i * interval '1 second'
			from generate_series(1, 3000) i`, from)
	}
	s.exec(`vacuum (analyze) deliveries`)
	first := s.blocks(db.DeleteDeliveries, t0.Add(-time.Second), t0.Add(day))
	second := s.blocks(db.DeleteDeliveries, t0.Add(999*time.Second), t0.Add(day))
	if most := first * 3 / 2; first == 0 || second > most {
		t.Errorf("batches touch %d and %d blocks", first, second)
	}
	_, more, err := s.worker(0).Delete(t.Context(), retention.Job{SentBefore: t0.Add(day)})
	if err != nil || more {
		t.Fatal(more, err)
	}
	var left int
	var oldest time.Time
	if err := s.pool.QueryRow(t.Context(), `select count(*), min(created_at) from deliveries`).Scan(&left, &oldest); err != nil {
		t.Fatal(err)
	}
	if left != 3000 || oldest.Before(t0.Add(30*day)) {
		t.Errorf("%d are left, the oldest of %s", left, oldest)
	}
}

// TestMailsGoWithTheEvents, and what ends the reminders of them; when a seller was last mailed stays.
func TestMailsGoWithTheEvents(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for id, at := range map[string]time.Time{"mail_old": t0, "mail_new": t0.Add(30 * day)} {
		s.exec(`insert into mails (id, seller_id, cause, kind, created_at) values ($1, 's1', 'due', 'reminder', $2)`, id, at)
		s.exec(`insert into mail_unsubscribe_tokens (token_hash, mail_id) values (convert_to($1, 'UTF8'), $1)`, id)
	}
	s.exec(`insert into mail_causes (seller_id, cause, kind, at) values ('s1', 'due', 'reminder', $1)`, t0)
	if _, more, err := s.worker(0).Delete(t.Context(), retention.Job{Before: t0.Add(day)}); err != nil || more {
		t.Fatal(more, err)
	}
	var left string
	row := s.pool.QueryRow(t.Context(), `select string_agg(m.id, ' ') || (select count(*) from mail_unsubscribe_tokens) || (select count(*) from mail_causes) from mails m`)
	if err := row.Scan(&left); err != nil || left != "mail_new11" {
		t.Errorf("%s is left: %v", left, err)
	}
}

// TestTheFeedStaysDense: entries go by their age, but never one that follows a younger one, as another replica's clock may
// have made it; and however many jobs it takes.
func TestTheFeedStaysDense(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.tell(2300, t0)                // 1 to 2300
	s.tell(5, t0.Add(90*day))       // 2301 to 2305: too new
	s.tell(5, t0)                   // 2306 to 2310: old, behind them
	s.tell(5, t0.Add(90*day+day/2)) // 2311 to 2315
	job := retention.Job{FeedBefore: t0.Add(day), Table: 2}
	for _, first := range []int64{1001, 1440} { // of the day's minutes, the last is of the cut-off's very moment
		rest, _, err := s.worker(4*time.Second).Delete(t.Context(), job) // one batch a job
		if err != nil {
			t.Fatal(err)
		}
		s.wantEntries(first, 2315)
		job = rest
	}
	s.deleteEntries(t0.Add(30 * day))
	s.wantEntries(2301, 2315)
	s.deleteEntries(t0.Add(100 * day))
	s.wantEntries(0, -1)
}

func (s store) deleteEntries(before time.Time) {
	s.t.Helper()
	if _, more, err := s.worker(0).Delete(s.t.Context(), retention.Job{FeedBefore: before}); err != nil || more {
		s.t.Fatalf("more %v, %v", more, err)
	}
}

func TestAJobEndsAfterFiveSecondsAndItsSuccessorGoesOn(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.receive("old", 5500, t0)
	job, want := retention.Job{Before: t0.Add(day)}, []int{3500, 1500, 0}
	for i, left := range want { // two batches fit into each, three into none
		rest, more, err := s.worker(2*time.Second).Delete(t.Context(), job)
		if err != nil || !more || rest.Part != i+1 {
			t.Fatalf("part %d of %+v: more %v, %v", i, rest, more, err)
		}
		s.want(left, 5500)
		job = rest
	}
}

// TestALockedEventKeepsNobodyWaiting: it goes with the next hour's.
func TestALockedEventKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.receive("old", 10, t0)
	tx, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `select from stripe_events where id = 'evt_old_3' for update`); err != nil {
		t.Fatal(err)
	}
	for _, left := range []int{1, 0} {
		if _, more, err := s.worker(0).Delete(t.Context(), retention.Job{Before: t0.Add(day)}); err != nil || more {
			t.Fatalf("more %v, %v", more, err)
		}
		s.want(left, 0)
		_ = tx.Rollback(t.Context())
	}
}

// TestAYearOfTicks: a replica ticks each hour, and at midnight two do; there is one job an hour, and at no midnight is
// anything kept for longer than it is to be, or for less.
func TestAYearOfTicks(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	hourly, err := cron.ParseStandard(retention.Every)
	if err != nil {
		t.Fatal(err)
	}
	replica, other := retention.Ticker{Jobs: s.client(nil), Keep: keep}, retention.Ticker{Jobs: s.client(nil), Keep: keep}
	ticks, days := 0, 0
	for now := hourly.Next(t0); now.Before(t0.Add(365 * day)); now = hourly.Next(now) {
		if err := replica.Tick(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		if ticks++; now.Hour() == 0 {
			if err := other.Tick(t.Context(), now.Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			days++
			s.receive(now.Format(time.DateOnly), 3, now)
			s.workJobs()
			s.want(3*min(days, 91), 3*min(days, 91)) // with what is of the cut-off's very second
		}
	}
	s.workJobs()
	if n := s.jobs(); n != ticks {
		t.Errorf("%d ticks and those of the other replica inserted %d jobs", ticks, n)
	}
	t.Logf("%d ticks, %d days", ticks, days)
}

func (s store) jobs() (n int) {
	s.t.Helper()
	if err := s.pool.QueryRow(s.t.Context(), `select count(*) from river_job where kind = 'events.retention'`).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// workJobs does what River would, in the order of the jobs.
func (s store) workJobs() {
	s.t.Helper()
	rows, err := s.pool.Query(s.t.Context(), `update river_job set state = 'completed', finalized_at = created_at where state = 'available' returning args`)
	if err != nil {
		s.t.Fatal(err)
	}
	args, err := pgx.CollectRows(rows, pgx.RowTo[retention.Job])
	if err != nil {
		s.t.Fatal(err)
	}
	for _, job := range args {
		if _, more, err := s.worker(0).Delete(s.t.Context(), job); err != nil || more {
			s.t.Fatalf("more %v, %v", more, err)
		}
	}
}

// TestRiverWorksAJobAndItsSuccessors as they come to be worked in a service.
func TestRiverWorksAJobAndItsSuccessors(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.receive("old", 3500, t0)
	s.receive("new", 5, t0.Add(keep+day))
	workers := river.NewWorkers()
	river.AddWorker(workers, s.worker(3*time.Second)) // one batch a job
	jobs := s.client(workers)
	done, cancel := jobs.Subscribe(river.EventKindJobCompleted)
	defer cancel()
	if err := jobs.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := jobs.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	if err := (retention.Ticker{Jobs: jobs, Keep: keep}).Tick(t.Context(), t0.Add(keep+day)); err != nil {
		t.Fatal(err)
	}
	var last retention.Job
	for n := 0; n < s.jobs(); n++ {
		if err := json.Unmarshal((<-done).Job.EncodedArgs, &last); err != nil {
			t.Fatal(err)
		}
	}
	s.want(5, 5)
	if last.Part < 7 {
		t.Errorf("the last job was %+v", last)
	}
}

// TestABatchReadsWhatItDeletesAndNoMore, however much stays, and however much was deleted before it.
func TestABatchReadsWhatItDeletesAndNoMore(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.exec(`alter table stripe_events set (autovacuum_enabled = false)`)
	s.exec(`alter table told set (autovacuum_enabled = false)`)
	s.receive("failed", 10_000, t0.Add(-day))
	s.exec(`update stripe_events set outcome = 'failed'`)
	s.exec(`delete from told`)
	s.receive("old", 10_000, t0)
	s.receive("new", 100_000, t0.Add(keep))
	s.exec(`vacuum (analyze) stripe_events, told`)
	for table, sql := range map[string]string{"stripe_events": db.DeleteEvents, "told": db.DeleteTold} {
		var read []int
		for i := range 10 {
			read = append(read, s.blocks(sql, t0.Add(time.Duration(i)*1000*time.Second-time.Microsecond), t0.Add(day)))
		}
		t.Logf("blocks that each batch of %s touched: %v", table, read)
		if slices.Max(read) > slices.Min(read)*3/2 {
			t.Errorf("batches of %s touched %v blocks", table, read)
		}
		if failed := s.blocks(sql, t0.Add(-2*day), t0.Add(day)); table == "stripe_events" && failed > read[0]/10 {
			t.Errorf("a batch of failed events touched %d blocks", failed)
		}
	}
	s.want(110_000, 100_000)
}

// TestABatchOfTheFeedReadsWhatItDeletesAndNoMore.
func TestABatchOfTheFeedReadsWhatItDeletesAndNoMore(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.exec(`alter table feed_entries set (autovacuum_enabled = false)`)
	s.tell(10_000, t0)
	s.tell(100_000, t0.Add(keep))
	var read []int
	for since := 0; since < 10_000; since += 1000 {
		read = append(read, s.blocksOf(db.DeleteFeedEntries, since, 1000, t0.Add(30*day)))
	}
	t.Logf("blocks that each batch of the feed touched: %v", read)
	if slices.Max(read) > slices.Min(read)*3/2 {
		t.Errorf("batches touched %v blocks", read)
	}
	s.wantEntries(10_001, 110_000)
}

// node is one of a plan. Its blocks are also its children's.
type node struct {
	Name  string `json:"Subplan Name"`
	Hit   int    `json:"Shared Hit Blocks"`
	Read  int    `json:"Shared Read Blocks"`
	Plans []node
}

// blocks counts also what is deleted where the rest of the plan does not read it: that comes after, and in no other's count.
func (n node) blocks() int {
	all := n.Hit + n.Read
	for _, child := range n.Plans {
		if blocks := child.Hit + child.Read; child.Name == "CTE deleted" && blocks > all {
			return all + blocks
		}
	}
	return all
}

// blocks runs the statement of one batch and says how many blocks it touched.
func (s store) blocks(sql string, after, before time.Time) int {
	s.t.Helper()
	return s.blocksOf(sql, after, before, 1000)
}

func (s store) blocksOf(sql string, args ...any) int {
	s.t.Helper()
	var plan []struct{ Plan node }
	row := s.pool.QueryRow(s.t.Context(), "explain (analyze, buffers, format json) "+sql, append([]any{pgx.QueryExecModeExec}, args...)...)
	if err := row.Scan(&plan); err != nil {
		s.t.Fatal(err)
	}
	return plan[0].Plan.blocks()
}
