package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/waittest"
)

// measured is how many accounts are checked before the memory is looked at: all of the smaller number.
const measured = 10_000

// BenchmarkMemoryOfAPass is the highest resident memory of connectd serve in a whole pass over 10,000 accounts, and in the
// first 10,000 checks of a pass over 1,000,000 due accounts, whose end would take an hour. The aim is at most 1.2 times as
// much.
func BenchmarkMemoryOfAPass(b *testing.B) {
	for b.Loop() {
		few, many := memoryOfAPass(b, measured), memoryOfAPass(b, 1_000_000)
		b.ReportMetric(few, "MB/10,000")
		b.ReportMetric(many, "MB/1,000,000")
		b.ReportMetric(many/few, "times")
		if many > 1.2*few {
			b.Errorf("%.1f MB over 10,000 accounts, %.1f MB over 1,000,000", few, many)
		}
	}
}

func memoryOfAPass(b *testing.B, accounts int) (megabytes float64) {
	b.Helper()
	url := postgrestest.DurableURL(b)
	pool, err := pgxpool.New(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	boxProcess, box := start(b, nil, "sandbox", "--addr", "127.0.0.1:0")
	fillDue(b, pool, orderAccounts(b, box, measured), accounts)
	serve, _ := start(b, []string{
		"DATABASE_URL=" + url, "STRIPE_SECRET_KEY=" + box.PlatformKey, "STRIPE_OAUTH_CLIENT_ID=" + box.ClientID,
		"STRIPE_ENDPOINT_SECRET=whsec_bench", "STRIPE_API_BASE=" + box.SandboxURL, "STRIPE_CONNECT_BASE=" + box.SandboxURL,
		"CONNECTD_ADMIN_PASSWORD=bench", "CONNECTD_STRIPE_RATE=2000",
	}, "serve", "--addr", "127.0.0.1:0")
	var checked int
	waittest.Within(b, 10*time.Minute, "the checks", func() bool {
		if err := pool.QueryRow(b.Context(), `select coalesce(sum(checked), 0) from scans`).Scan(&checked); err != nil {
			b.Fatal(err)
		}
		return checked >= measured
	})
	megabytes = highestMemory(b, serve.Cmd.Process.Pid)
	b.Logf("%d of %d accounts were checked: %.1f MB", checked, accounts, megabytes)
	_, _ = serve.Cmd.Process.Kill(), boxProcess.Cmd.Process.Kill()
	<-serve.Ended
	<-boxProcess.Ended
	return megabytes
}

// orderAccounts has the sandbox make accounts, and returns what their ids begin with: a number of eight digits follows.
func orderAccounts(b *testing.B, box app.Ready, n int) (prefix string) {
	b.Helper()
	order := strings.NewReader(fmt.Sprintf(`{"persona":"complete","count":%d}`, n))
	res, err := http.Post(box.SandboxURL+"/sandbox/accounts", "application/json", order)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	var made struct{ First string }
	if err := json.NewDecoder(res.Body).Decode(&made); err != nil || len(made.First) < 8 {
		b.Fatalf("%s: %+v, %v", res.Status, made, err)
	}
	return made.First[:len(made.First)-8]
}

// fillDue makes rows of connected accounts that are due, those of the sandbox's first.
func fillDue(b *testing.B, pool *pgxpool.Pool, prefix string, n int) {
	b.Helper()
	for _, sql := range []string{
		`insert into sellers (id, account_id, created_at) select 's' || i, $1 || lpad(i::text, 8, '0'), now() from generate_series(0, $2::int - 1) i`,
		`insert into connections (seller_id, account_id, connected_at)
			select 's' || i, $1 || lpad(i::text, 8, '0'), now() from generate_series(0, $2::int - 1) i`,
		`insert into accounts (id, seller_id, livemode, status, can_transact, can_accept_payments, can_receive_payouts, allow_unlink,
				reasons, policy_version, judge_version, next_check_at, connected_at, granted_from, granted_at, revision, version)
			select $1 || lpad(i::text, 8, '0'), 's' || i, false, 'incomplete', false, false, false, true,
				'[]', 1, 1, now() - interval '20 days' + i * interval '1 second', at, at, at, 1, 0
			from generate_series(0, $2::int - 1) i, (select now() - interval '40 days' as at) x`,
	} {
		if _, err := pool.Exec(b.Context(), sql, prefix, n); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := pool.Exec(b.Context(), `vacuum analyze`); err != nil {
		b.Fatal(err)
	}
}

// highestMemory is the process's highest resident memory so far, in MB (proc_pid_status(5)).
func highestMemory(b *testing.B, pid int) (megabytes float64) {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscanf(line, "%f kB", &megabytes); err != nil {
		b.Fatal(err)
	}
	return megabytes / 1024
}
