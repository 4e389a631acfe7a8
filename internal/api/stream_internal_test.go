package api

import (
	"bufio"
	"context"
	"errors"
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
	if _, err := pool.Exec(t.Context(), "update feed set epoch = 1"); err != nil { // so that tests can name their cursors
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

// handlerOf sends the stream to one client, without the operation around it, until the feed drains.
func handlerOf(t *testing.T, st *stream) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		st.writer, st.connection = w, http.NewResponseController(w)
		ctx, stop := st.feed.While(r.Context())
		defer stop()
		if err := st.run(ctx); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
}

// TestAHeartbeatIsOnlySentWhileNothingCanBeMissed: where the feed can't be read, a stream is silent.
func TestAHeartbeatIsOnlySentWhileNothingCanBeMissed(t *testing.T) {
	t.Parallel()
	f, pool := openFeed(t)
	server := httptest.NewServer(handlerOf(t, &stream{feed: f, next: feed.Cursor{Epoch: 1}, heartbeat: time.Millisecond}))
	defer server.Close()
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

// TestAStreamThatWasSilentEndsWholly: longer after what was sent last than a client has to take that.
func TestAStreamThatWasSilentEndsWholly(t *testing.T) {
	t.Parallel()
	f, pool := openFeed(t)
	st := &stream{feed: f, next: feed.Cursor{Epoch: 1}, heartbeat: time.Hour, out: []byte(": connected\n\n")}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		st.writer, st.connection = w, http.NewResponseController(w)
		if err := st.run(r.Context()); account.KindOf(err) != account.Expired {
			t.Errorf("it ended with %v", err)
		}
	}))
	defer server.Close()
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := res.Body.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := st.connection.SetWriteDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), "update feed set epoch = 2"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(res.Body); err != nil {
		t.Errorf("the client hears %v", err)
	}
}

// TestAClientThatTakesNothingKeepsNoProcessFromEnding. Over a pipe what is written waits until it is read.
func TestAClientThatTakesNothingKeepsNoProcessFromEnding(t *testing.T) {
	t.Parallel()
	f, _ := openFeed(t)
	client, server := net.Pipe()
	defer client.Close()
	listener := &pipeListener{conns: make(chan net.Conn, 1)}
	listener.conns <- server
	st := &stream{feed: f, next: feed.Cursor{Epoch: 1}, heartbeat: time.Hour, out: []byte(": connected\n\n")}
	serving := &http.Server{Handler: handlerOf(t, st)}
	served := make(chan error, 1)
	go func() { served <- serving.Serve(listener) }()
	if _, err := io.WriteString(client, "GET / HTTP/1.1\r\nHost: connectd\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	f.Drain()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	if err := serving.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

// pipeListener accepts what is put into it.
type pipeListener struct{ conns chan net.Conn }

func (l *pipeListener) Accept() (net.Conn, error) {
	if conn, ok := <-l.conns; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}

func (l *pipeListener) Close() error { close(l.conns); return nil }

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }
