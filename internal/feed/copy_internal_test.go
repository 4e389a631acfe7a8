package feed

import (
	"log/slog"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/registry"
)

// TestACopyIsLetGoOfAsTheFeedGoesBack, in the same epoch too: from the very poll that finds it, before the copy itself hears.
func TestACopyIsLetGoOfAsTheFeedGoesBack(t *testing.T) {
	t.Parallel()
	for name, to := range map[string]Cursor{"a restore": {2, 2}, "a restore of which nothing is said": {1, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &Feed{cfg: Config{Registry: &registry.Registry{}, Logger: slog.New(slog.DiscardHandler)}}
			f.window.Store(windowAt(Cursor{1, 6}).confirmed(time.Now()))
			h := &held{epoch: 1}
			h.StartAt(6)
			c := &Copy{feed: f, registry: f.cfg.Registry}
			c.held.Store(h)
			if _, _, at, s := c.standing(0); s != Answers || at != 6 {
				t.Fatalf("before: it stands at %d as of %d", s, at)
			}
			f.startOver(t.Context(), to)
			f.window.Store(f.window.Load().confirmed(time.Now()))
			if _, _, at, s := c.standing(0); s != Unfilled {
				t.Errorf("it stands at %d as of %d, and the feed is at %v", s, at, to)
			}
		})
	}
}
