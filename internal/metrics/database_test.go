package metrics

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/postgres/postgrestest"
)

// TestABacklogIsCountedAsFarAsItHasTo: a scrape does not read all that waits for an endpoint that fails, and sees what else does.
func TestABacklogIsCountedAsFarAsItHasTo(t *testing.T) {
	t.Parallel()
	pool, now := postgrestest.Pool(t), time.Now().Truncate(time.Second)
	for _, sql := range []string{
		`insert into event_endpoints (id, url, types, secret, created_at, after_position) values ('ep_1', 'https://shop.example', '{}', 'whsec_1', 'epoch', 0)`,
		`insert into river_job (args, kind, max_attempts, queue, state, scheduled_at) select '{}', 'delivery', 25, 'ep_1', 'scheduled', $1::timestamptz + interval '1 hour'
			from generate_series(1, 12000)`,
		`insert into river_job (args, kind, max_attempts, queue, state, scheduled_at, priority) select '{}', 'send', 25, 'mail', 'available', $1::timestamptz - i * interval '1 minute', 1 + i % 4
			from generate_series(1, 30) i`,
	} {
		args := []any{now}[:strings.Count(sql, "$1")]
		if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	rows, _ := pool.Query(t.Context(), queuesSQL, now)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[queue])
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]queue{}
	for _, q := range found {
		got[q.Name+" "+q.State] = q
	}
	if n := got["deliveries scheduled"].Jobs; n != 10_000 {
		t.Errorf("%d deliveries are counted", n)
	}
	if q := got["mail available"]; q.Jobs != 30 || !q.Oldest.Equal(now.Add(-30*time.Minute)) {
		t.Errorf("%d mails since %v, want 30 since half an hour before %v", q.Jobs, q.Oldest, now)
	}
	if q := got["deliveries scheduled"]; !isNone(q.Oldest) {
		t.Errorf("what is not due waits since %v", q.Oldest)
	}
}
