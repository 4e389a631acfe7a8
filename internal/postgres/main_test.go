package postgres_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
)

// Started with one of these set, the test binary is a process that runs a server, to be killed by a test.
const (
	serveVariable = "CONNECTD_TEST_SERVE"
	shareVariable = "CONNECTD_TEST_SHARE"
)

// sharedIdle is long enough for a second process to come before the server stops.
const sharedIdle = 3 * time.Second

func TestMain(m *testing.M) {
	postgres.Main()
	if dir := os.Getenv(serveVariable); dir != "" {
		hold(startIn(dir))
	}
	if dir := os.Getenv(shareVariable); dir != "" {
		hold(shareIn(dir))
	}
	os.Exit(runTests(m))
}

// scratch is removed when the tests have run.
var scratch string

func runTests(m *testing.M) int {
	err := os.Setenv("TMPDIR", postgrestest.FastTempDir()) // for t.TempDir
	if err == nil {
		scratch, err = os.MkdirTemp("", "connectd-postgres-")
	}
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(scratch)
	return m.Run()
}

func startIn(dir string) (string, error) {
	server, err := postgres.StartServer(context.Background(), postgres.ServerConfig{DataDir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return "", err
	}
	return server.URL(), nil
}

func shareIn(dir string) (string, error) {
	shared, err := postgres.ShareServerFor(context.Background(), dir, slog.New(slog.DiscardHandler), sharedIdle)
	if err != nil {
		return "", err
	}
	return shared.URL(), nil
}

// hold says where the server is and waits to be killed.
func hold(url string, err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stdout, url)
	select {}
}
