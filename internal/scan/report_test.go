package scan_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/scan"
)

// queries counts what is asked of Postgres.
type queries struct{ n atomic.Int64 }

func (q *queries) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	q.n.Add(1)
	return ctx
}

func (*queries) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// ledger is passes that ended, s0 first; two began at each moment.
type ledger struct {
	*scan.Passes
	t     *testing.T
	pool  *pgxpool.Pool
	asked *queries
}

func newLedger(t *testing.T, passes, findings int) ledger {
	t.Helper()
	l := ledger{t: t, asked: &queries{}}
	cfg := postgrestest.Pool(t).Config()
	cfg.ConnConfig.Tracer = l.asked
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	l.pool, l.Passes = pool, scan.NewPasses(pool, nil)
	l.exec(`insert into scans (id, state, started_by, started_at, finished_at)
		select 's' || i, 'finished', 'schedule', $2::timestamptz + (i / 2) * interval '1 minute', $2
		from generate_series(0, $1::int - 1) i`, passes, t0)
	l.exec(`insert into scan_findings (scan_id, kind, account_id, seller_id, from_status, to_status)
		select s.id, kind, format('acct_%s_%s', s.id, lpad(n::text, 4, '0')), 'seller', 'enabled', 'restricted'
		from scans s, unnest(array['changed', 'held_back']) kind, generate_series(0, $1::int - 1) n`, findings)
	return l
}

func (l ledger) exec(sql string, args ...any) {
	l.t.Helper()
	if _, err := l.pool.Exec(l.t.Context(), sql, args...); err != nil {
		l.t.Fatal(err)
	}
}

func (l ledger) page(cursor string, limit int) (reports []client.Scan, next string) {
	l.t.Helper()
	reports, next, err := l.List(l.t.Context(), cursor, limit, t0)
	if err != nil {
		l.t.Fatal(err)
	}
	return reports, next
}

func ids(reports []client.Scan) string {
	var all []string
	for _, r := range reports {
		all = append(all, r.ID)
	}
	return strings.Join(all, " ")
}

func TestAPageOfReportsTakesTwoQueries(t *testing.T) {
	t.Parallel()
	l := newLedger(t, 20, 3)
	before := l.asked.n.Load()
	reports, _ := l.page("", 20)
	if n := l.asked.n.Load() - before; n != 2 {
		t.Errorf("%d queries", n)
	}
	for i, r := range reports {
		want := fmt.Sprintf("s%d", 19-i)
		for _, found := range [][]client.ScannedAccount{r.ChangedAccounts, r.HeldBackAccounts} {
			if r.ID != want || len(found) != 3 || found[2].AccountID != "acct_"+want+"_0002" {
				t.Errorf("report %s instead of %s, with %+v", r.ID, want, found)
			}
		}
	}
}

// TestAReportListsAThousandOfEachKind also where more were stored, and none is null.
func TestAReportListsAThousandOfEachKind(t *testing.T) {
	t.Parallel()
	l := newLedger(t, 2, 1001)
	l.exec(`delete from scan_findings where scan_id = 's1'`)
	reports, _ := l.page("", 2)
	none, full := reports[0], reports[1]
	if len(full.ChangedAccounts) != 1000 || len(full.HeldBackAccounts) != 1000 {
		t.Errorf("%d changed and %d held back", len(full.ChangedAccounts), len(full.HeldBackAccounts))
	}
	if none.ChangedAccounts == nil || none.HeldBackAccounts == nil {
		t.Errorf("%+v", none)
	}
}

// TestADeletedScanBreaksNoPaging: the cursor says where its page ended, whatever became of that scan.
func TestADeletedScanBreaksNoPaging(t *testing.T) {
	t.Parallel()
	for limit := 1; limit <= 5; limit++ {
		l := newLedger(t, 5, 1)
		var pages []string
		for cursor := ""; ; {
			reports, next := l.page(cursor, limit)
			pages = append(pages, ids(reports))
			if next == "" {
				break
			}
			l.exec(`delete from scans where id = $1`, reports[len(reports)-1].ID)
			cursor = next
		}
		if all := strings.Join(pages, " "); all != "s4 s3 s2 s1 s0" {
			t.Errorf("by %d: %v", limit, pages)
		}
	}
}

func TestCursorsOfOtherListsAreRefused(t *testing.T) {
	t.Parallel()
	l := newLedger(t, 3, 0)
	_, next := l.page("", 1)
	for _, cursor := range []string{"s1", "none", next[1:], next[:len(next)/2], "eyJzIjoicmVjZWl2ZWRfYXQifQ"} {
		if _, _, err := l.List(t.Context(), cursor, 1, time.Now()); err == nil || !slices.Contains(strings.Fields(err.Error()), "cursor") {
			t.Errorf("%q: %v", cursor, err)
		}
	}
}
