package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// runFor has the entries happen for a while, and waits until they have stopped.
func runFor(t *testing.T, d time.Duration, logger *slog.Logger, entries ...entry) {
	t.Helper()
	times, err := newTimetable(entries, logger)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	times.run(ctx)
}

// TestWhatStillRunsIsNotBegunAgain: neither beside the run at the start nor beside that of a former minute.
func TestWhatStillRunsIsNotBegunAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var running, begun, other atomic.Int64
		slow := func() {
			begun.Add(1)
			if running.Add(1) > 1 {
				t.Error("two run at once")
			}
			<-time.After(150 * time.Second)
			running.Add(-1)
		}
		runFor(t, 10*time.Minute+time.Second, slog.New(slog.DiscardHandler),
			entry{every: "@every 1m", tick: just(slow)},
			entry{every: "@every 1m", waits: true, tick: just(func() { other.Add(1) })})
		if begun.Load() != 4 || other.Load() != 10 { // at 0:00, 3:00, 6:00 and 9:00; the other each minute
			t.Errorf("%d slow ones, %d others", begun.Load(), other.Load())
		}
		if running.Load() != 0 {
			t.Error("it has stopped before what ran")
		}
	})
}

// TestAFailedTurnIsLogged, and taken again where the entry says so; one that the end breaks off is no failure.
func TestAFailedTurnIsLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var tries int
		runFor(t, 90*time.Minute, slog.New(slog.NewTextHandler(&log, nil)),
			entry{every: "@every 24h", again: time.Minute, failed: "not counted", tick: func(context.Context, time.Time) error {
				if tries++; tries < 3 {
					return errors.New("away")
				}
				return nil
			}},
			entry{every: "@hourly", failed: "not deleted", tick: func(ctx context.Context, _ time.Time) error {
				<-ctx.Done()
				return ctx.Err()
			}},
			entry{every: "@every 1h", failed: "not told", tick: func(context.Context, time.Time) error { return errors.New("away") }})
		for words, times := range map[string]int{`"not counted" error=away`: 2, "not deleted": 0, `"not told" error=away`: 2} {
			if got := strings.Count(log.String(), words); got != times {
				t.Errorf("%s is logged %d times, not %d:\n%s", words, got, times, log.String())
			}
		}
		if tries != 3 {
			t.Errorf("it was tried %d times", tries)
		}
	})
}

func TestAScheduleThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	_, err := newTimetable([]entry{{every: "@hourly"}, {every: "now and then"}}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "now and then") {
		t.Error("taken:", err)
	}
}
