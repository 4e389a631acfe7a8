package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/testlog"
)

// process is a connectd that runs beside the test.
type process struct {
	cmd   *exec.Cmd
	log   *testlog.Buffer
	ended chan struct{}
	err   error
}

// environment is the test's own without any setting of connectd's.
func environment(more ...string) []string {
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "CONNECTD_") && !strings.HasPrefix(name, "STRIPE_") && name != "DATABASE_URL" && name != "BASE_URL" {
			env = append(env, entry)
		}
	}
	return append(append(env, asConnectd+"=1"), more...)
}

// connectd runs a command to its end.
func connectd(t testing.TB, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return connectdWithin(t, time.Minute, env, args...)
}

func connectdWithin(t testing.TB, longest time.Duration, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	var out, words bytes.Buffer
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = environment(env...), t.TempDir(), &out, &words
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return out.String(), words.String(), cmd.ProcessState.ExitCode()
}

// start starts a command that stays, and waits for its ready file.
func start(t testing.TB, env []string, args ...string) (*process, app.Ready) {
	t.Helper()
	return startProgram(t, os.Args[0], env, args...)
}

// startProgram is start of another connectd than the one that is tested.
func startProgram(t testing.TB, program string, env []string, args ...string) (*process, app.Ready) {
	t.Helper()
	readyFile := filepath.Join(t.TempDir(), "ready.json")
	p := &process{log: &testlog.Buffer{}, ended: make(chan struct{})}
	p.cmd = exec.Command(program, append(args, "--ready-file", readyFile)...)
	p.cmd.Env, p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = environment(env...), t.TempDir(), p.log, p.log
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.err = p.cmd.Wait(); close(p.ended) }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); <-p.ended })
	var ready app.Ready
	within(t, 2*time.Minute, "the ready file", func() bool {
		select {
		case <-p.ended:
			t.Fatalf("it ended: %v\n%s", p.err, p.log)
		default:
		}
		content, err := os.ReadFile(readyFile)
		return err == nil && json.Unmarshal(content, &ready) == nil
	})
	t.Logf("%s was ready after %v", args[0], time.Since(began).Round(time.Millisecond))
	return p, ready
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

// signal sends a signal and waits for the end.
func (p *process) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		t.Fatalf("it did not end after %v\n%s", sig, p.log)
	}
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	within(t, 2*time.Minute, what, holds)
}

func within(t testing.TB, longest time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(longest)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("waited too long for %s", what)
		case <-tick.C:
		}
	}
}
