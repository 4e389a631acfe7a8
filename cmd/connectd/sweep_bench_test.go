package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
)

// benchRate is above what this machine reaches, so that the time is connectd's and the sandbox's. At a rate of Stripe's it is the
// number of calls that counts.
const benchRate = 2000

// BenchmarkPassByMethod is what a pass over all accounts takes by either method, in calls to Stripe and in time: at this machine's
// speed, and by the default rate of 20 calls a second, which is the calls' number by 20.
func BenchmarkPassByMethod(b *testing.B) {
	for _, accounts := range []int{10_000, 100_000} {
		for _, method := range []string{"retrieve", "list"} {
			b.Run(fmt.Sprintf("%d/%s", accounts, method), func(b *testing.B) {
				for b.Loop() {
					began := time.Now()
					report := passBy(b, accounts, method)
					took := time.Since(began)
					if report.Checked != int64(accounts) || report.Failed != 0 {
						b.Fatalf("%+v", report)
					}
					b.ReportMetric(float64(report.StripeCalls), "calls")
					b.ReportMetric(report.FinishedAt.Sub(report.StartedAt).Seconds(), "s/pass")
					b.ReportMetric(float64(report.StripeCalls)/20, "s/at-20-a-second")
					b.Logf("%d accounts by %s: %d calls, %v", accounts, method, report.StripeCalls, took.Round(time.Second))
				}
			})
		}
	}
}

func passBy(b *testing.B, accounts int, method string) (report client.Scan) {
	b.Helper()
	env, pool, box := benchPlace(b)
	fillDue(b, pool, orderAccounts(b, box, accounts), accounts)
	out := command(b, env, "scan", "--all", "--method", method, "--wait")
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return report
}

// benchPlace is a database on a server with a user's durability, and a sandbox.
func benchPlace(b *testing.B) (env []string, pool *pgxpool.Pool, box app.Ready) {
	b.Helper()
	url := postgrestest.DurableURL(b)
	pool, err := pgxpool.New(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	_, box = start(b, nil, "sandbox", "--addr", "127.0.0.1:0")
	env = []string{
		"DATABASE_URL=" + url, "STRIPE_SECRET_KEY=" + box.PlatformKey, "STRIPE_OAUTH_CLIENT_ID=" + box.ClientID,
		"STRIPE_ENDPOINT_SECRET=whsec_bench", "STRIPE_API_BASE=" + box.SandboxURL, "STRIPE_CONNECT_BASE=" + box.SandboxURL,
		"CONNECTD_ADMIN_PASSWORD=bench", fmt.Sprintf("CONNECTD_STRIPE_RATE=%d", benchRate),
	}
	serve, _ := start(b, env, "serve", "--addr", "127.0.0.1:0") // which seeds the policy
	_ = serve.Cmd.Process.Kill()
	<-serve.Ended
	return env, pool, box
}

// BenchmarkImport is what it takes to import 50,000 accounts: 500 calls.
func BenchmarkImport(b *testing.B) {
	const accounts = 50_000
	for b.Loop() {
		env, pool, box := benchPlace(b)
		orderAccounts(b, box, accounts)
		began := time.Now()
		command(b, env, "accounts", "import")
		b.ReportMetric(time.Since(began).Seconds(), "s/import")
		var imported int
		if err := pool.QueryRow(b.Context(), `select count(*) from accounts where status = 'enabled'`).Scan(&imported); err != nil || imported != accounts {
			b.Fatalf("%d accounts were imported, %v", imported, err)
		}
		var reads int64
		if err := pool.QueryRow(b.Context(), `select sum(n)::bigint from stripe_reads`).Scan(&reads); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(reads), "reads")
		if reads > accounts/100+5 { // and whose key it is
			b.Errorf("%d reads for %d accounts", reads, accounts)
		}
	}
}

// command runs a command to its end, however long that takes.
func command(b *testing.B, env []string, args ...string) string {
	b.Helper()
	out, words, code := tested.Run(b, 30*time.Minute, env, args...)
	if code != 0 {
		b.Fatalf("connectd %s ended with %d:\n%s%s", strings.Join(args, " "), code, out, words)
	}
	return out
}
