package registry_test

import (
	"testing"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
)

// TestHowRecentACheckIs goes by this process's clock, and no further than that can be trusted.
func TestHowRecentACheckIs(t *testing.T) {
	t.Parallel()
	now := t0
	f := clockedFixture(t, account.DefaultPolicy(), func() time.Time { return now })
	ready := f.readiness()
	for _, tt := range []struct {
		name        string
		age, within time.Duration
		recent      bool
	}{
		{"at the limit", time.Minute, time.Minute, true},
		{"past it", time.Minute + time.Microsecond, time.Minute, false},
		{"this very moment", 0, time.Nanosecond, true},
		{"always to be asked", 0, 0, false},
		{"by a clock that is a little ahead", -time.Second, time.Minute, true},
		{"by a clock that is far ahead", -time.Hour, time.Minute, false},
	} {
		now = t0.Add(tt.age)
		if got := f.CheckedWithin(ready, tt.within); got != tt.recent {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	if f.CheckedWithin(client.Readiness{}, 1<<62) {
		t.Error("what was never checked is recent")
	}
}
