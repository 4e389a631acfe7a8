package main

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/connectd/connectd/internal/systemd"
	"github.com/connectd/connectd/internal/testlog"
	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
)

// notified is systemd's end of NOTIFY_SOCKET, and what it was told.
type notified struct {
	socket string

	mu   sync.Mutex
	told []string
}

func newNotified(t *testing.T) *notified {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify-") //nolint:usetesting // the path of a socket may have 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	n := &notified{socket: filepath.Join(dir, "socket")}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() { n.read(conn) })
	t.Cleanup(func() { _ = conn.Close(); reading.Wait(); _ = os.RemoveAll(dir) })
	return n
}

func (n *notified) read(conn *net.UnixConn) {
	buffer := make([]byte, 1024)
	for {
		size, err := conn.Read(buffer)
		if err != nil {
			return // closed
		}
		n.mu.Lock()
		n.told = append(n.told, string(buffer[:size]))
		n.mu.Unlock()
	}
}

func (n *notified) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.told)
}

// TestSystemdIsTold: that it is ready, that it lives for as long as it does, and that it stops. The server is connectd's own, so that
// it would be heard too if it spoke.
func TestSystemdIsTold(t *testing.T) {
	t.Parallel()
	_, box := start(t, nil, "sandbox", "--addr", "127.0.0.1:0")
	systemd := newNotified(t)
	dir := demoArgs(t) // for its folder
	p, _ := start(t, []string{
		"NOTIFY_SOCKET=" + systemd.socket, "WATCHDOG_USEC=9000000", "STRIPE_SECRET_KEY=" + box.PlatformKey,
		"STRIPE_OAUTH_CLIENT_ID=" + box.ClientID, "STRIPE_API_BASE=" + box.SandboxURL, "STRIPE_CONNECT_BASE=" + box.SandboxURL,
	}, "serve", "--addr", "127.0.0.1:0", "--data-dir", dir[len(dir)-1])
	waittest.Until(t, "two beats of the watchdog", func() bool {
		return strings.Count(strings.Join(systemd.all(), " "), "WATCHDOG=1") >= 2
	})
	p.Signal(t, syscall.SIGTERM)
	waittest.Until(t, "the end", func() bool { return slices.Contains(systemd.all(), "STOPPING=1") })
	told := systemd.all()
	if told[0] != "READY=1" {
		t.Errorf("systemd was told %q first", told[0])
	}
	others := slices.DeleteFunc(told, func(state string) bool { return state == "WATCHDOG=1" })
	if !slices.Equal(others, []string{"READY=1", "STOPPING=1"}) {
		t.Errorf("beside the watchdog's beats systemd was told %q", others)
	}
}

// TestTheWatchdogHearsNothingOfWhoDoesNotAnswer: what it hears follows from what /healthz answers.
func TestTheWatchdogHearsNothingOfWhoDoesNotAnswer(t *testing.T) {
	var well atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !well.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	told, log := newNotified(t), &testlog.Buffer{}
	t.Setenv("NOTIFY_SOCKET", told.socket)
	t.Setenv("WATCHDOG_USEC", "900000")
	m := manage(systemd.FromEnvironment(), server.Listener.Addr().String(), slog.New(slog.NewTextHandler(log, nil)))
	alive := func() bool { return slices.Contains(told.all(), "WATCHDOG=1") }
	waittest.Until(t, "two beats that were missed", func() bool { return alive() || strings.Count(log.String(), "no beat") >= 2 })
	if alive() {
		t.Error("the watchdog heard of a service that is not well")
	}
	well.Store(true)
	waittest.Until(t, "a beat", alive)
	server.Close()
	waittest.Until(t, "the beats' end", func() bool { return strings.Contains(log.String(), "does not answer") })
	if err := m.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestWhoLeavesSaysSoFirst: at a stop /readyz says 503 while everything else is still answered.
func TestWhoLeavesSaysSoFirst(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1)
	p, ready := start(t, f.env("CONNECTD_DRAIN_DELAY=10s"), "serve", "--addr", "127.0.0.1:0")
	if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "that it is not ready", func() bool {
		res := f.Do(t, http.MethodGet, ready.BaseURL+"/readyz", "", "")
		_ = walktest.Read(t, res)
		return res.StatusCode == http.StatusServiceUnavailable
	})
	if res := f.Do(t, http.MethodGet, ready.BaseURL+"/openapi.json", "", ""); res.StatusCode != http.StatusOK {
		t.Errorf("who leaves answers %s", res.Status)
	}
	for delay, code := range map[string]int{"-1s": exitUsage, "11s": exitUsage} {
		if _, words, got := connectd(t, f.env("CONNECTD_DRAIN_DELAY="+delay), "serve"); got != code || !strings.Contains(words, "CONNECTD_DRAIN_DELAY") {
			t.Errorf("a delay of %s ended with %d: %s", delay, got, words)
		}
	}
}
