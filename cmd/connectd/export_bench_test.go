package main

import (
	"bufio"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	exported = 1_000_000 // accounts
	begun    = 100       // files of which the first byte is waited for
)

// BenchmarkExportOfAMillion is the file of the account table with 1,000,000 accounts, over HTTP from connectd serve: from the request
// to the first byte, of whole views and of a name that 50,000 have; to the last byte; and by how much more memory the server takes
// meanwhile than before. The aims are 200 ms for the first byte, and memory that does not grow with the file.
func BenchmarkExportOfAMillion(b *testing.B) {
	s := serveDurably(b, connectAMillion(b))
	admin := s.admin()
	for b.Loop() {
		before := s.resident()
		for _, view := range exportViews {
			var first durations
			for range begun {
				first = append(first, s.firstByte(admin, view.query))
			}
			first.report(b, view.name)
		}
		begin := time.Now()
		if lines := s.wholeFile(admin); lines <= exported {
			b.Fatalf("%d lines", lines)
		}
		took := time.Since(begin)
		b.ReportMetric(took.Seconds(), "s/file")
		b.ReportMetric(exported/took.Seconds(), "accounts/s")
		b.ReportMetric(float64(before)/(1<<20), "MB-before")
		b.ReportMetric(highestMemory(b, s.pid), "MB-at-most")
	}
}

// exportViews are those of which the first byte is waited for.
var exportViews = []struct{ name, query string }{
	{"all", ""}, {"by-name", "?sort=display_name"}, {"a-status", "?status=restricted"}, {"a-word", "?q=market&sort=-display_name"},
}

// connectAMillion makes accounts that are not due, the disconnected first.
func connectAMillion(b *testing.B) func(*pgxpool.Pool) {
	return func(pool *pgxpool.Pool) {
		for _, sql := range []string{
			`alter table accounts disable trigger user`, // the words are made at once, in a tenth of the time
			`drop index account_words_trgm`,
			`insert into sellers (id, account_id, created_at) select 'shop-' || i, 'acct_' || lpad(i::text, 8, '0'), now() from generate_series(1, ` + strconv.Itoa(exported) + `) i`,
			`insert into accounts (id, seller_id, livemode, display_name, country, status, can_transact, can_accept_payments, can_receive_payouts,
					allow_unlink, reasons, policy_version, judge_version, checked_at, next_check_at, connected_at, granted_from, granted_at,
					disconnected_at, revision, version)
				select 'acct_' || lpad(i::text, 8, '0'), 'shop-' || i, false, format('%s %s %s', (array['Blue', 'Amber', 'Old', 'Quiet', 'Maple'])[1 + i % 5],
					(array['Kiln', 'Bakery', 'Market', 'Press'])[1 + i / 5 % 20], i), 'IE', status, status = 'enabled', true, true, false, '[]', 1, 1, at,
					case when status <> 'disconnected' then now() + interval '20 days' end, at + i * interval '1 second', at, at,
					case when status = 'disconnected' then at end, 1, 0
				from (select i, now() - interval '20 days' as at,
					case when i < 50000 then 'disconnected' when i % 20 = 0 then 'restricted' else 'enabled' end as status
					from generate_series(1, ` + strconv.Itoa(exported) + `) i) x`,
			`alter table accounts enable trigger user`,
			`insert into account_words select id, words_of(seller_id, id, display_name, null) from accounts
				on conflict do nothing`,
			`create index account_words_trgm on account_words using gin (words gin_trgm_ops)`,
			`vacuum analyze`,
		} {
			if _, err := pool.Exec(b.Context(), sql); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// admin is a browser that has signed in.
func (s *served) admin() *http.Client {
	s.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.Fatal(err)
	}
	admin := &http.Client{Jar: jar}
	res, err := admin.PostForm(s.url+"/admin/accounts", url.Values{"password": {"bench"}})
	if err != nil || res.StatusCode != http.StatusOK {
		s.Fatal(res, err)
	}
	_ = res.Body.Close()
	return admin
}

// open asks for the file of a view.
func (s *served) open(admin *http.Client, query string) io.ReadCloser {
	s.Helper()
	res, err := admin.Get(s.url + "/admin/accounts.csv" + query)
	if err != nil {
		s.Fatal(err)
	}
	if kind := res.Header.Get("Content-Type"); kind != "text/csv; charset=utf-8" {
		s.Fatal(res.Status, kind)
	}
	return res.Body
}

// firstByte is how long the file's first byte takes; the rest is not waited for.
func (s *served) firstByte(admin *http.Client, query string) time.Duration {
	s.Helper()
	begin := time.Now()
	file := s.open(admin, query)
	defer file.Close()
	if _, err := io.ReadFull(file, make([]byte, 1)); err != nil {
		s.Fatal(err)
	}
	return time.Since(begin)
}

// wholeFile reads a file to its end.
func (s *served) wholeFile(admin *http.Client) (lines int) {
	s.Helper()
	file := s.open(admin, "")
	defer file.Close()
	all := bufio.NewScanner(file)
	for all.Scan() {
		lines++
	}
	if all.Err() != nil {
		s.Fatal(all.Err())
	}
	return lines
}
