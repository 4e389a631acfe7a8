package postgres_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/postgres"
)

// bound is how long a test waits for what must happen: far longer than it takes on a busy machine.
const bound = 30 * time.Second

// newDir is a folder for a server that has never run.
func newDir(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "postgres")
}

// serverDir is a folder whose server has run before: a copy, which takes a fraction of initdb's time.
func serverDir(t *testing.T) string {
	t.Helper()
	dir := newDir(t)
	if err := os.CopyFS(dir, os.DirFS(former())); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "data"), 0o700); err != nil { // else Postgres refuses it
		t.Fatal(err)
	}
	return dir
}

// former is the folder of a server that has run and stopped. It is removed when the tests have run.
var former = sync.OnceValue(func() string {
	dir := filepath.Join(scratch, "postgres")
	server, err := postgres.StartServer(context.Background(), postgres.ServerConfig{DataDir: dir, Logger: slog.Default()})
	if err == nil {
		err = server.Stop(context.Background())
	}
	if err != nil {
		panic(err)
	}
	return dir
})

func start(t *testing.T, dir string) *postgres.Server {
	t.Helper()
	return startAt(t, dir, 0)
}

func startAt(t *testing.T, dir string, port int) *postgres.Server {
	t.Helper()
	server, err := postgres.StartServer(t.Context(), postgres.ServerConfig{
		DataDir: dir, Port: port, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, server) })
	return server
}

// quietPort is a free port that stays free: no system takes one from this range by itself.
func quietPort(t *testing.T) int {
	t.Helper()
	for {
		port := 20000 + rand.IntN(10000)
		var lc net.ListenConfig
		listener, err := lc.Listen(t.Context(), "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			listener.Close()
			return port
		}
	}
}

func stop(t *testing.T, server *postgres.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func query[T any](t *testing.T, url, sql string) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	value, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// breathe gives other processes the time between two looks at them.
func breathe() { <-time.After(5 * time.Millisecond) }

func gone(pid int) bool { return syscall.Kill(pid, 0) == syscall.ESRCH }

func serverPID(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestDataOutlivesTheServer(t *testing.T) {
	t.Parallel()
	dir := serverDir(t)
	first := start(t, dir)
	keep(t, first.URL())
	stop(t, first)

	second := start(t, dir)

	checkKept(t, second.URL())
}

// keep stores what kept reads.
func keep(t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), "create table kept as select 42 as answer"); err != nil {
		t.Fatal(err)
	}
}

func checkKept(t *testing.T, url string) {
	t.Helper()
	if got := query[int](t, url, "select answer from kept"); got != 42 {
		t.Errorf("kept %d, want 42", got)
	}
}

func TestServerIsSetUpForConnectd(t *testing.T) {
	t.Parallel()
	url := start(t, newDir(t)).URL()

	for sql, want := range map[string]string{
		"select current_database()":    "connectd",
		"show server_encoding":         "UTF8",
		"show fsync":                   "on",
		"show synchronous_commit":      "on",
		"show full_page_writes":        "on",
		"show timezone":                "UTC",
		"show listen_addresses":        "127.0.0.1",
		"show unix_socket_directories": "",
		"select lower('Ä')":            "ä",
		"select string_agg(s, '' order by s) from unnest('{b,B,a}'::text[]) s": "Bab",
		"select rolcreatedb::text from pg_roles where rolname = current_user":  "true",
	} {
		if got := query[string](t, url, sql); got != want {
			t.Errorf("%s: got %q, want %q", sql, got, want)
		}
	}
}

func TestServerAsksForItsPassword(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig(start(t, serverDir(t)).URL())
	if err != nil {
		t.Fatal(err)
	}
	config.Password = "a guess"

	conn, err := pgx.ConnectConfig(t.Context(), config)

	if err == nil {
		conn.Close(t.Context())
		t.Error("connected with a wrong password")
	}
}

func TestStoppedServerLeavesNoProcess(t *testing.T) {
	t.Parallel()
	dir := serverDir(t)
	server := start(t, dir)
	processes := []int{serverPID(t, dir), supervisorPID(t, dir)}

	stop(t, server)

	for _, pid := range processes {
		if !gone(pid) {
			t.Errorf("process %d is still there", pid)
		}
	}
	stop(t, server) // once more does no harm
}

func TestServerThatDiesByItselfIsTold(t *testing.T) {
	t.Parallel()
	dir := serverDir(t)
	server, err := postgres.StartServer(t.Context(), postgres.ServerConfig{DataDir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}

	if err := syscall.Kill(serverPID(t, dir), syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}

	<-server.Done()
	if err := server.Stop(t.Context()); err == nil {
		t.Error("Stop has no error")
	}
}

func TestServerListensWhereItIsToldAndStaysThere(t *testing.T) {
	t.Parallel()
	dir, port := serverDir(t), quietPort(t)

	told := startAt(t, dir, port)
	stop(t, told)
	again := start(t, dir)

	if want := ":" + strconv.Itoa(port) + "/connectd"; !strings.Contains(told.URL(), want) {
		t.Errorf("the server is not at port %d", port)
	}
	if told.URL() != again.URL() {
		t.Error("the URL changed though its port was free")
	}
}

func TestCancelledStartLeavesNoProcess(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	stopWatch := make(chan struct{})
	go func() {
		defer close(stopWatch)
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(dir, "data.new")); err == nil {
				cancel() // in the midst of initdb
			}
			breathe()
		}
	}()

	_, err := postgres.StartServer(ctx, postgres.ServerConfig{DataDir: dir, Logger: slog.New(slog.DiscardHandler)})
	<-stopWatch

	if err == nil {
		t.Fatal("the server started")
	}
	if pid := supervisorPID(t, dir); !gone(pid) {
		t.Errorf("the supervisor, process %d, is still there", pid)
	}
	start(t, dir) // and the folder is good for another try
}
