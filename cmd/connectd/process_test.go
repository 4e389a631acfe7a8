package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/processtest"
)

type process = processtest.Process

// tested is the test binary, as connectd.
var tested = processtest.Program{Path: os.Args[0], Env: []string{asConnectd + "=1"}}

func environment(more ...string) []string { return tested.Environment(more...) }

// connectd runs a command to its end.
func connectd(t testing.TB, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return tested.Run(t, 5*time.Minute, env, args...)
}

// start starts a command that stays, and waits for its ready file.
func start(t testing.TB, env []string, args ...string) (*process, app.Ready) {
	t.Helper()
	return tested.Start(t, env, args...)
}

// demoArgs are a demo's on free ports and a data folder of its own.
func demoArgs(t *testing.T, more ...string) []string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "connectd-") //nolint:usetesting // where the server's own user can enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	args := []string{"demo", "--addr", "127.0.0.1:0", "--sandbox-addr", "127.0.0.1:0", "--data-dir", filepath.Join(dir, "demo")}
	return append(args, more...)
}
