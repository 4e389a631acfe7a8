package metrics

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/stripeapi"
)

const (
	figuresWithin = 2 * time.Second // less than a scrape's time-out, which is 10 s by default
	figuresLast   = 5 * time.Second // for two Prometheus side by side, and for who asks by hand
	overdueAfter  = time.Hour       // as on /statusz
	failingAfter  = 3 * 24 * time.Hour
)

// Database is where the figures come from that only Postgres has. A scrape waits for them for at most two seconds; where they
// don't come, they are left out, and connectd_database_up is 0.
type Database struct {
	Pool *pgxpool.Pool
	// ReadAllocation is how many reads of Stripe's API the platform may make in 30 days.
	ReadAllocation int64
	// Seen is how far this process has come in the feed.
	Seen func() int64
	// JobsClient is this process's among those that work jobs.
	JobsClient string
	Logger     *slog.Logger
}

// figures are what one look at the database says.
type figures struct {
	db.FiguresRow
	troubles db.TroublesRow
	statuses []db.StatusCount
	reads    int64
	queues   []queue
	leader   string
	at       time.Time
}

// queue is the state of one of the job queues; those of event endpoints count as one, since each has its own.
type queue struct {
	Name   string
	State  string
	Jobs   int64
	Oldest time.Time // that could be worked now; epoch where there is none
}

// queuesSQL: River's tables are not in migrations, which sqlc reads. Each queue's jobs are counted as far as ten thousand, and its
// oldest is the first of a priority, both along River's index of (state, queue, priority, scheduled_at, id): what waits for an
// endpoint that fails may be millions of rows, and a scrape must not read them just then.
const queuesSQL = `
with queues as (
    select name, name as queue from unnest('{default,mail}'::text[]) name
    union all select 'deliveries', id from event_endpoints
)
select q.name, s.state::text, sum(counted.jobs)::bigint, coalesce(min(first.scheduled_at), 'epoch')
from queues q
cross join unnest('{available,pending,retryable,running,scheduled}'::river_job_state[]) s(state)
cross join lateral (
    select count(*) as jobs from (
        select from river_job j where j.state = s.state and j.queue = q.queue
        order by j.priority, j.scheduled_at, j.id limit 10000
    ) bounded
) counted
left join lateral (
    select min(due.scheduled_at) as scheduled_at from unnest('{1,2,3,4}'::smallint[]) p(priority), lateral (
        select j.scheduled_at from river_job j
        where j.state = s.state and j.queue = q.queue and j.priority = p.priority and j.scheduled_at <= $1
        order by j.scheduled_at limit 1
    ) due
) first on s.state in ('available', 'retryable', 'scheduled')
group by 1, 2`

const leaderSQL = `select leader_id from river_leader where expires_at > $1`

func (d *Database) read(ctx context.Context) (f figures, err error) {
	ctx, cancel := context.WithTimeout(ctx, figuresWithin)
	defer cancel()
	q, now := db.New(d.Pool), time.Now()
	f.at = now
	if f.FiguresRow, err = q.Figures(ctx, now); err != nil {
		return f, fmt.Errorf("read figures: %w", err)
	}
	params := db.TroublesParams{OverdueBefore: now.Add(-overdueAfter), FailingBefore: now.Add(-failingAfter)}
	if f.troubles, err = q.Troubles(ctx, params); err != nil {
		return f, fmt.Errorf("count troubles: %w", err)
	}
	if f.statuses, err = q.StatusCounts(ctx); err != nil {
		return f, fmt.Errorf("count accounts by status: %w", err)
	}
	if f.reads, err = stripeapi.Reads(ctx, q, now); err != nil {
		return f, fmt.Errorf("count reads of Stripe's API: %w", err)
	}
	rows, _ := d.Pool.Query(ctx, queuesSQL, now) // CollectRows has its error
	if f.queues, err = pgx.CollectRows(rows, pgx.RowToStructByPos[queue]); err != nil {
		return f, fmt.Errorf("count jobs: %w", err)
	}
	rows, _ = d.Pool.Query(ctx, leaderSQL, now)
	leaders, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return f, fmt.Errorf("read who leads the job queue: %w", err)
	}
	if len(leaders) > 0 {
		f.leader = leaders[0]
	}
	return f, nil
}

// shown is one metric of the figures, or several by a label.
type shown struct {
	desc   *prometheus.Desc
	values func(d *Database, f figures, show func(value float64, labels ...string))
}

// databaseCollector shows the figures, as of a few seconds ago at most.
type databaseCollector struct {
	*Database
	up    *prometheus.Desc
	shown []shown

	mu      sync.Mutex // held while they are read: who scrapes meanwhile gets the same
	last    figures
	failed  error
	expires time.Time
}

// Read has the figures of a database shown.
func (m *Metrics) Read(d Database) {
	c := &databaseCollector{Database: &d}
	c.up = m.described("connectd_database_up", "1 where the database answered the scrape within two seconds; 0, and no figures of the database, where it did not.")
	for _, g := range figureGauges {
		c.shown = append(c.shown, shown{m.described(g.name, g.help, g.labels...), g.values})
	}
	m.registry.MustRegister(c)
}

// described defines a gauge whose values a collector makes.
func (m *Metrics) described(name, help string, labels ...string) *prometheus.Desc {
	m.definitions = append(m.definitions, Definition{name, "gauge", labels, help})
	return prometheus.NewDesc(name, help, labels, nil)
}

func (c *databaseCollector) Describe(descs chan<- *prometheus.Desc) {
	descs <- c.up
	for _, s := range c.shown {
		descs <- s.desc
	}
}

func (c *databaseCollector) Collect(metrics chan<- prometheus.Metric) {
	f, err := c.current()
	if err != nil {
		metrics <- prometheus.MustNewConstMetric(c.up, prometheus.GaugeValue, 0)
		return
	}
	metrics <- prometheus.MustNewConstMetric(c.up, prometheus.GaugeValue, 1)
	for _, s := range c.shown {
		s.values(c.Database, f, func(value float64, labels ...string) {
			metrics <- prometheus.MustNewConstMetric(s.desc, prometheus.GaugeValue, value, labels...)
		})
	}
}

// current reads the figures anew where those at hand are too old. A failure is kept as long: scrapes of a database that hangs
// must not queue up.
func (c *databaseCollector) current() (figures, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Now().Before(c.expires) {
		return c.last, c.failed
	}
	was := c.failed
	c.last, c.failed = c.read(context.Background())
	c.expires = time.Now().Add(figuresLast)
	if c.failed != nil && was == nil {
		c.Logger.Warn("figures for the metrics can't be read; they are left out until they can be", "error", c.failed)
	}
	return c.last, c.failed
}
