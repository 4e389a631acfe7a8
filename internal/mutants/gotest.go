package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// tested is what became of a package's tests.
type tested struct {
	compiled bool
	timedOut bool
	passed   map[string]bool // by those that began
	output   string
}

// testEvent is a line of go test -json (go doc test2json, go help buildjson).
type testEvent struct {
	Action string
	Test   string
	Output string
}

// goTest runs the tests of a package that a pattern names, with more arguments to go test.
func (r runner) goTest(ctx context.Context, pkg, pattern string, within time.Duration, more ...string) (tested, error) {
	args := append([]string{"test", "-json", "-count=1", "-vet=off", "-ldflags=-s -w", "-timeout=" + within.String(), "-run", pattern}, more...)
	cmd := exec.CommandContext(ctx, "go", append(args, ".")...)
	cmd.Dir = filepath.Join(r.root, pkg) // each module has its own go.mod
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		return tested{}, fmt.Errorf("go test: %w", err)
	}
	if ctx.Err() != nil {
		return tested{}, ctx.Err()
	}
	return read(stdout, stderr.String())
}

func read(events []byte, stderr string) (tested, error) {
	t := tested{compiled: true, passed: map[string]bool{}}
	var output strings.Builder
	for line := range bytes.Lines(events) {
		var e testEvent
		if err := json.Unmarshal(line, &e); err != nil {
			return tested{}, fmt.Errorf("go test said %q: %w", line, err)
		}
		output.WriteString(e.Output)
		t.take(e)
	}
	t.output = output.String() + stderr
	return t, nil
}

func (t *tested) take(e testEvent) {
	switch {
	case e.Action == "build-fail":
		t.compiled = false
	case e.Action == "run":
		t.passed[e.Test] = false
	case e.Action == "pass" && e.Test != "":
		t.passed[e.Test] = true
	case e.Action == "output" && strings.HasPrefix(e.Output, "panic: test timed out after "):
		t.timedOut = true
	}
}
