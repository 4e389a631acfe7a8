// Package processtest runs connectd as its users do: as processes of its own, to be asked over HTTP, stopped and killed.
//
// It is for tests alone and may import app (the ready file), testlog and waittest. Its one rule: no process outlives the test that
// started it, and none has a setting that the test did not give.
package processtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/testlog"
	"github.com/connectd/connectd/internal/waittest"
)

// Program is a connectd to run: a file, and what its environment has besides.
type Program struct {
	Path string
	Env  []string
}

// Build builds cmd/connectd, with the race detector where the test has it, for a TestMain that removes it in the end. It works in
// packages of this module. Within a test, rather than before all, it lets go test know that what it caches depends on the command.
func Build() (program Program, remove func(), err error) {
	dir, err := os.MkdirTemp("", "connectd-built-")
	if err != nil {
		return Program{}, nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	if err := readCommand(); err != nil {
		remove()
		return Program{}, nil, err
	}
	program.Path = filepath.Join(dir, "connectd")
	args := append(append([]string{"build"}, raceFlag...), "-o", program.Path, "github.com/connectd/connectd/cmd/connectd")
	if out, err := exec.CommandContext(context.Background(), "go", args...).CombinedOutput(); err != nil {
		remove()
		return Program{}, nil, fmt.Errorf("build connectd: %w\n%s", err, out)
	}
	return program, remove, nil
}

// readCommand reads the command's sources: go test takes the files of the module that a test reads into account, and not what the
// test has built.
func readCommand() error {
	out, err := exec.CommandContext(context.Background(), "go", "list", "-f", "{{.Dir}}", "github.com/connectd/connectd/cmd/connectd").Output()
	if err != nil {
		return fmt.Errorf("find cmd/connectd: %w", err)
	}
	sources, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "*.go"))
	if err != nil {
		return err
	}
	for _, source := range sources {
		if _, err := os.ReadFile(source); err != nil {
			return err
		}
	}
	return nil
}

// Process is a connectd that runs beside the test.
type Process struct {
	Cmd   *exec.Cmd
	Log   *testlog.Buffer
	Ended chan struct{} // closed when it has ended
	Err   error         // once it has: how
}

// Environment is the test's own without any setting of connectd's, and more.
func (p Program) Environment(more ...string) []string {
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "CONNECTD_") && !strings.HasPrefix(name, "STRIPE_") && name != "DATABASE_URL" && name != "BASE_URL" {
			env = append(env, entry)
		}
	}
	return append(append(env, p.Env...), more...)
}

// Run runs a command to its end, which is killed after longest.
func (p Program) Run(tb testing.TB, longest time.Duration, env []string, args ...string) (stdout, stderr string, code int) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.Path, args...)
	var out, words bytes.Buffer
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = p.Environment(env...), tb.TempDir(), &out, &words
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		tb.Fatal(err)
	}
	return out.String(), words.String(), cmd.ProcessState.ExitCode()
}

// Launch starts a command that stays.
func (p Program) Launch(tb testing.TB, env []string, args ...string) *Process {
	tb.Helper()
	started := &Process{Log: &testlog.Buffer{}, Ended: make(chan struct{})}
	started.Cmd = exec.CommandContext(context.Background(), p.Path, args...) // ended below, by hand or at the end
	started.Cmd.Env, started.Cmd.Dir = p.Environment(env...), tb.TempDir()
	started.Cmd.Stdout, started.Cmd.Stderr = started.Log, started.Log
	if err := started.Cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() { started.Err = started.Cmd.Wait(); close(started.Ended) }()
	tb.Cleanup(func() { _ = started.Cmd.Process.Kill(); <-started.Ended })
	return started
}

// Start is Launch, and waits for the ready file.
func (p Program) Start(tb testing.TB, env []string, args ...string) (*Process, app.Ready) {
	tb.Helper()
	readyFile := filepath.Join(tb.TempDir(), "ready.json")
	began := time.Now()
	started := p.Launch(tb, env, append(args, "--ready-file", readyFile)...)
	var ready app.Ready
	waittest.Within(tb, 2*time.Minute, "the ready file", func() bool {
		select {
		case <-started.Ended:
			tb.Fatalf("it ended: %v\n%s", started.Err, started.Log)
		default:
		}
		content, err := os.ReadFile(readyFile)
		return err == nil && json.Unmarshal(content, &ready) == nil
	})
	tb.Logf("%s was ready after %v", args[0], time.Since(began).Round(time.Millisecond))
	return started, ready
}

// Signal sends a signal and waits for the end.
func (p *Process) Signal(tb testing.TB, sig syscall.Signal) {
	tb.Helper()
	if err := p.Cmd.Process.Signal(sig); err != nil {
		tb.Fatal(err)
	}
	select {
	case <-p.Ended:
	case <-time.After(30 * time.Second):
		tb.Fatalf("it did not end after %v\n%s", sig, p.Log)
	}
}
