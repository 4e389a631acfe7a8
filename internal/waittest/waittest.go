// Package waittest waits in tests for what happens elsewhere.
//
// It is for tests alone and may import the standard library alone. Its one rule: a test waits for a condition, never for a
// time, and its bound is for a machine that does much else.
package waittest

import (
	"testing"
	"time"
)

// Until waits for a condition, for two minutes.
func Until(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	Within(tb, 2*time.Minute, what, holds)
}

// Within waits for a condition, for so long.
func Within(tb testing.TB, longest time.Duration, what string, holds func() bool) {
	tb.Helper()
	deadline := time.After(longest)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-deadline:
			tb.Fatalf("waited %s for: %s", longest, what)
		case <-again.C:
		}
	}
}
