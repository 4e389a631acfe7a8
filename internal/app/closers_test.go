package app

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAStopWaitsNoLongerThanItsTime: what hangs is left behind, and the rest is closed all the same, in reverse.
func TestAStopWaitsNoLongerThanItsTime(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	ctx, cancel := context.WithCancel(t.Context())
	var open closers
	closed := make(chan string, 3)
	open.addPlain(func() { closed <- "first" })
	open.addPlain(func() { cancel(); <-hang })
	open.add(func(context.Context) error { closed <- "last"; return errors.New("it would not") })
	err := open.close(ctx)
	if got := []string{<-closed, <-closed}; !cmp.Equal(got, []string{"last", "first"}) {
		t.Errorf("closed were %v", got)
	}
	if !errors.Is(err, context.Canceled) || err.Error() != "it would not\ncontext canceled" {
		t.Errorf("the stop says %q", err)
	}
}
