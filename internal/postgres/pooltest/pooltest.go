// Package pooltest puts PgBouncer between a test and its Postgres, as it is installed on the machine (Debian's pgbouncer).
//
// It is for tests alone and may import nothing of connectd's. Its one rule: a session is handed on with each transaction, so
// that whoever keeps something in one is found out.
package pooltest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Mode is when PgBouncer gives a server's session to another client.
type Mode string

// The modes.
const (
	Transaction Mode = "transaction" // after each transaction
	Session     Mode = "session"     // once its client has gone

	// InTurn is Transaction, of the session that has rested for longest.
	InTurn Mode = "transaction\nserver_round_robin = 1"
)

// Bouncer is a running PgBouncer.
type Bouncer struct {
	tb   testing.TB
	log  string
	url  url.URL
	cmd  *exec.Cmd
	port int
}

// New starts a PgBouncer before the database, with so many sessions of the server's for all clients together. It ends with the
// test.
func New(tb testing.TB, databaseURL string, mode Mode, sessions int) *Bouncer {
	tb.Helper()
	program := find(tb)
	database, err := url.Parse(databaseURL)
	if err != nil {
		tb.Fatal(err)
	}
	b := &Bouncer{tb: tb, url: *database, port: freePort(tb)}
	config := b.configure(mode, sessions)
	args := []string{config}
	if os.Getuid() == 0 { // which it refuses to run as
		args = []string{"-u", "nobody", config}
	}
	b.cmd = exec.Command(program, args...) //nolint:noctx // it ends by its cleanup
	if err := b.cmd.Start(); err != nil {
		tb.Fatalf("start PgBouncer: %v", err)
	}
	ended := make(chan struct{})
	go func() { _ = b.cmd.Wait(); close(ended) }()
	tb.Cleanup(func() { _ = b.cmd.Process.Signal(syscall.SIGKILL); <-ended })
	b.answers(ended)
	return b
}

func find(tb testing.TB) string {
	tb.Helper()
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} { // where not everybody's PATH leads
		if program, err := exec.LookPath(name); err == nil {
			return program
		}
	}
	tb.Skip("NOTHING WAS SENT THROUGH PGBOUNCER: there is none here (apt-get install pgbouncer)")
	return ""
}

// configure writes its file. Whoever connects is the database's own role: what is tested is not who may.
func (b *Bouncer) configure(mode Mode, sessions int) string {
	dir, err := os.MkdirTemp("/tmp", "connectd-pgbouncer-") //nolint:usetesting // where another user can enter
	if err != nil {
		b.tb.Fatal(err)
	}
	b.tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	password, _ := b.url.User.Password()
	name := strings.TrimPrefix(b.url.Path, "/")
	b.log = filepath.Join(dir, "log")
	text := fmt.Sprintf(`[databases]
%s = host=%s port=%s user=%s password=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
logfile = %s
pool_mode = %s
default_pool_size = %d
max_client_conn = 500
server_connect_timeout = 30
`, name, b.url.Hostname(), b.url.Port(), b.url.User.Username(), password, b.port, b.log, mode, sessions)
	path := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.tb.Fatal(err)
	}
	b.giveAway(dir, path)
	return path
}

// giveAway lets whom root runs it as read and write there.
func (b *Bouncer) giveAway(paths ...string) {
	if os.Getuid() != 0 {
		return
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		b.tb.Fatal(err)
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	for _, path := range paths {
		if err := os.Chown(path, uid, gid); err != nil {
			b.tb.Fatal(err)
		}
	}
}

// answers waits until it takes connections.
func (b *Bouncer) answers(ended <-chan struct{}) {
	b.tb.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(b.tb.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(b.port)))
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-ended:
			b.tb.Fatalf("PgBouncer has ended:\n%s", b.Log())
		case <-deadline:
			b.tb.Fatalf("PgBouncer does not answer: %v\n%s", err, b.Log())
		case <-tick.C:
		}
	}
}

// URL is the database's by way of it.
func (b *Bouncer) URL() string {
	through := b.url
	through.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(b.port))
	return through.String()
}

// Log is what it has logged.
func (b *Bouncer) Log() string {
	text, err := os.ReadFile(b.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func freePort(tb testing.TB) int {
	tb.Helper()
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
