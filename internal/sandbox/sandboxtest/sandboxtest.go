// Package sandboxtest starts a sandbox in one line of a test. It imports nothing of this project but the sandbox, and
// leaves nothing behind when the test ends.
package sandboxtest

import (
	"context"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/sandbox"
)

// stopWithin is how long requests and deliveries in flight may take to end.
const stopWithin = 10 * time.Second

// Start starts a sandbox in memory, on a free port of loopback, that stops with the test. Webhooks that fail are
// delivered again after 20 ms, so that a test need not wait for them.
func Start(t testing.TB) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.Start(t.Context(), sandbox.Config{RetryDelay: 20 * time.Millisecond})
	if err != nil {
		t.Fatalf("start sandbox: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Errorf("stop sandbox: %v", err)
		}
	})
	return s
}
