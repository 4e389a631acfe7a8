package metrics

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/stripeapi"
)

const (
	overdueAfter = time.Hour          // how long an account may be due before an operator hears of it: the scan looks every ten minutes
	failingAfter = 3 * 24 * time.Hour // how long an account's checks may fail before
)

// Troubles counts what an operator has to hear of. /statusz and the doctor ask it too, so that they and the alerts agree.
func Troubles(ctx context.Context, q *db.Queries, now time.Time) (db.TroublesRow, error) {
	return q.Troubles(ctx, db.TroublesParams{OverdueBefore: now.Add(-overdueAfter), FailingBefore: now.Add(-failingAfter)})
}

// Database is where the figures come from that only Postgres has. It is asked several questions; each has two seconds, and one that is
// not answered leaves its own figures out.
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

// questions are what a scrape asks of the database.
func (d *Database) questions() []question {
	return []question{
		asking("tables", d.tables, func(row db.FiguresRow, at time.Time) []figure { return d.figuresOfTables(row, at) }),
		asking("troubles", d.troubles, figuresOfTroubles),
		asking("accounts", d.statuses, figuresOfAccounts),
		asking("reads", d.reads, func(made int64, _ time.Time) []figure { return d.figuresOfReads(made) }),
		asking("jobs", d.queues, figuresOfJobs),
		asking("leader", d.leader, func(id string, _ time.Time) []figure { return d.figuresOfLeader(id) }),
	}
}

func (d *Database) tables(ctx context.Context, now time.Time) (db.FiguresRow, error) {
	return db.New(d.Pool).Figures(ctx, now)
}

func (d *Database) troubles(ctx context.Context, now time.Time) (db.TroublesRow, error) {
	return Troubles(ctx, db.New(d.Pool), now)
}

func (d *Database) statuses(ctx context.Context, _ time.Time) ([]db.StatusCount, error) {
	return db.New(d.Pool).StatusCounts(ctx)
}

func (d *Database) reads(ctx context.Context, now time.Time) (int64, error) {
	return stripeapi.Reads(ctx, db.New(d.Pool), now)
}

func (d *Database) queues(ctx context.Context, now time.Time) ([]queue, error) {
	rows, _ := d.Pool.Query(ctx, queuesSQL, now) // CollectRows has its error
	return pgx.CollectRows(rows, pgx.RowToStructByPos[queue])
}

// leader is the id of the client that leads the job queue; "" where none does.
func (d *Database) leader(ctx context.Context, now time.Time) (string, error) {
	rows, _ := d.Pool.Query(ctx, leaderSQL, now) // CollectRows has its error
	leaders, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(leaders) == 0 {
		return "", err
	}
	return leaders[0], nil
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

// question is one of those that a scrape asks.
type question struct {
	name    string
	figures []figure // as they are defined; their values mean nothing
	ask     func(ctx context.Context, now time.Time) ([]figure, error)
}

// asking is a question whose answer is shown as figures.
func asking[T any](
	name string, ask func(context.Context, time.Time) (T, error), figures func(answer T, at time.Time) []figure,
) question {
	var nothing T
	return question{name, figures(nothing, time.Time{}), func(ctx context.Context, now time.Time) ([]figure, error) {
		answer, err := ask(ctx, now)
		if err != nil {
			return nil, fmt.Errorf("ask for %s: %w", name, err)
		}
		return figures(answer, now), nil
	}}
}
