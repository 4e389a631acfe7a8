package webhook_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// meter is what had been used when it was started.
type meter struct {
	pool     *pgxpool.Pool
	began    time.Time
	program  time.Duration // of CPU, the load's included
	postgres time.Duration // of CPU
	wal      int64
}

func (in *ingest) startMeter(b *testing.B) meter {
	b.ReportAllocs()
	m := meter{pool: in.pool, program: programCPU(b), postgres: postgresCPU(b, in.pool), wal: walPosition(b, in.pool)}
	m.began = time.Now()
	b.ResetTimer()
	return m
}

func (m meter) report(b *testing.B, events int) (perSecond float64) {
	took := time.Since(m.began)
	b.StopTimer()
	each := func(total float64, unit string) { b.ReportMetric(total/float64(events), unit) }
	each(float64((programCPU(b) - m.program).Microseconds()), "go-µs/event")
	each(float64((postgresCPU(b, m.pool) - m.postgres).Microseconds()), "pg-µs/event")
	each(float64(walPosition(b, m.pool)-m.wal), "wal-B/event")
	mean, largest := m.groups(b)
	b.ReportMetric(mean, "group-mean")
	b.ReportMetric(largest, "group-max")
	perSecond = float64(events) / took.Seconds()
	b.ReportMetric(perSecond, "events/s")
	return perSecond
}

// groups are the sizes of the transactions since then: the events of one were received at one moment.
func (m meter) groups(b *testing.B) (mean, largest float64) {
	err := m.pool.QueryRow(b.Context(), `select avg(n)::float8, max(n)::float8
		from (select count(*) as n from stripe_events where received_at >= $1 group by received_at) as groups`, m.began.Truncate(time.Microsecond)).
		Scan(&mean, &largest)
	if err != nil {
		b.Fatal(err)
	}
	return mean, largest
}

func programCPU(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// postgresCPU is that of the server's processes, as Linux tells it; elsewhere it is nothing.
func postgresCPU(b *testing.B, pool *pgxpool.Pool) (total time.Duration) {
	rows, err := pool.Query(b.Context(), `select pid from pg_stat_activity`)
	if err != nil {
		b.Fatal(err)
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		b.Fatal(err)
	}
	for _, pid := range pids {
		total += processCPU(pid)
	}
	return total
}

// tick is the unit of times in /proc/PID/stat (man 5 proc_pid_stat: fields 14 and 15, counted from the second, which may
// hold spaces).
const tick = 10 * time.Millisecond

func processCPU(pid int) (total time.Duration) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	for _, field := range strings.Fields(rest)[11:13] {
		ticks, _ := strconv.Atoi(field)
		total += time.Duration(ticks) * tick
	}
	return total
}

func walPosition(b *testing.B, pool *pgxpool.Pool) (position int64) {
	err := pool.QueryRow(b.Context(), `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint`).Scan(&position)
	if err != nil {
		b.Fatal(err)
	}
	return position
}

// holdApplied holds that each event was applied: one that is stale costs less than it should.
func (in *ingest) holdApplied(b *testing.B) {
	var others int
	err := in.pool.QueryRow(b.Context(), `select count(*) from stripe_events where outcome <> 'applied'`).Scan(&others)
	if err != nil {
		b.Fatal(err)
	}
	if others > 0 {
		b.Fatalf("%d events were not applied", others)
	}
}
