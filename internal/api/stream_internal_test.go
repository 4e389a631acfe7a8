package api

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/feed"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
)

func openFeed(t *testing.T) (*feed.Feed, *pgxpool.Pool) {
	t.Helper()
	pool := postgrestest.Pool(t)
	if err := registry.SeedPolicy(t.Context(), db.New(pool), account.DefaultPolicy(), time.Now()); err != nil {
		t.Fatal(err)
	}
	reg, err := registry.New(t.Context(), pool, registry.Config{})
	if err != nil {
		t.Fatal(err)
	}
	postgrestest.CloseAtEnd(t, reg)
	f, err := feed.Open(t.Context(), feed.Config{
		Pool: pool, DirectURL: pool.Config().ConnString(), Registry: reg, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	postgrestest.CloseAtEnd(t, f)
	return f, pool
}

// serveStream serves the stream to one client, without the operation around it, until the feed drains.
func serveStream(t *testing.T, st *stream) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		st.writer, st.connection = w, http.NewResponseController(w)
		ctx, stop := st.feed.While(r.Context())
		defer stop()
		if err := st.run(ctx); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// TestAHeartbeatIsOnlySentWhileNothingCanBeMissed: where the feed can't be read, a stream is silent.
func TestAHeartbeatIsOnlySentWhileNothingCanBeMissed(t *testing.T) {
	t.Parallel()
	f, pool := openFeed(t)
	server := serveStream(t, &stream{feed: f, next: feed.Cursor{Epoch: 1}, heartbeat: time.Millisecond})
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for range 3 {
		if !lines.Scan() || lines.Text() != ": heart-beat" || !lines.Scan() || lines.Text() != "" {
			t.Errorf("%q, %v", lines.Text(), lines.Err())
		}
	}
	if _, err := pool.Exec(t.Context(), `alter table feed rename to hidden`); err != nil {
		t.Fatal(err)
	}
	for f.Fresh() {
		runtime.Gosched()
	}
	st := &stream{feed: f}
	if st.appendHeartbeat(); len(st.out) > 0 {
		t.Errorf("%q", st.out)
	}
	f.Drain()
	for lines.Scan() {
	}
	if err := lines.Err(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// TestAClientThatTakesNothingKeepsNoProcessFromEnding.
func TestAClientThatTakesNothingKeepsNoProcessFromEnding(t *testing.T) {
	t.Parallel()
	f, pool := openFeed(t)
	_, err := pool.Exec(t.Context(), `with change as (
			insert into account_changes (position, account_id, seller_id, at, source, policy_version, after)
			values (1, 'acct_1', 's1', '2026-03-01', 'oauth', 1, jsonb_build_object('display_name', repeat('x', 2000))) returning *),
		entries as (insert into feed_entries select n, 'check', at, seller_id, source, 1 from change, generate_series(1, 10000) n)
		update feed set position = 10000`)
	if err != nil {
		t.Fatal(err)
	}
	server := serveStream(t, &stream{feed: f, next: feed.Cursor{Epoch: 1}, heartbeat: time.Hour})
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: connectd\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	f.Drain()
	if err := server.Config.Shutdown(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}
