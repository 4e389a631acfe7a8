package feed_test

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// wire leads to the database, and can be cut.
type wire struct {
	url    string
	dialed atomic.Int64
	target string

	mu   sync.Mutex
	ends []*end
}

// end is one connection's, on both sides.
type end struct {
	client, server net.Conn
	silent         atomic.Bool
}

func newWire(t *testing.T, to *pgx.ConnConfig) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := url.URL{
		Scheme: "postgres", User: url.UserPassword(to.User, to.Password), Host: listener.Addr().String(), Path: to.Database,
		RawQuery: "sslmode=disable",
	}
	w := &wire{url: at.String(), target: fmt.Sprintf("%s:%d", to.Host, to.Port)}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { w.carry(t, client) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		w.cut()
		running.Wait()
	})
	return w
}

func (w *wire) carry(t *testing.T, client net.Conn) {
	server, err := net.Dial("tcp", w.target)
	if err != nil {
		t.Error(err)
		_ = client.Close()
		return
	}
	w.dialed.Add(1)
	e := &end{client: client, server: server}
	w.mu.Lock()
	w.ends = append(w.ends, e)
	w.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(server, client); _ = server.Close() })
	both.Go(func() { _, _ = io.Copy(e, server); _ = client.Close() })
	both.Wait()
}

// Write passes on what the server says, unless it is silenced.
func (e *end) Write(b []byte) (int, error) {
	if e.silent.Load() {
		return len(b), nil
	}
	return e.client.Write(b)
}

// cut ends the connections there are.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.ends {
		_ = e.client.Close()
		_ = e.server.Close()
	}
}

// silence lets the connections there are hear no more, without a word.
func (w *wire) silence() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.ends {
		e.silent.Store(true)
	}
}
