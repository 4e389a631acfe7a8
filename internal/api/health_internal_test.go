package api

import (
	"context"
	"log/slog"
	"testing"
	"time"
)

// TestReadinessToServeIsNotWaitedForLong: a database that takes connections and says nothing is no reason to hang.
func TestReadinessToServeIsNotWaitedForLong(t *testing.T) {
	t.Parallel()
	s := &service{logger: slog.New(slog.DiscardHandler), readyWithin: time.Millisecond, cfg: Config{
		Ready: func(ctx context.Context) *Lack {
			<-ctx.Done()
			return &Lack{Words: "It does not answer.", Cause: ctx.Err()}
		},
	}}
	if _, err := s.ready(t.Context(), nil); err == nil || err.Error() != "It does not answer." {
		t.Errorf("%v", err)
	}
}
