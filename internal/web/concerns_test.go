package web

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
)

func TestACountThatWasCutSaysSo(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{1: "1 event", 7000: "7,000 events", 10_000: "10,000 events", 10_001: "more than 10,000 events"} {
		if got := countTo(n, "event"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	if left := (judgingView{Left: countedAtMost + 1}); !left.Many() || left.LeftWords() != "more than 10,000 accounts" {
		t.Errorf("%q", left.LeftWords())
	}
}

func TestTimesInSentencesAreTimes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for sentence, want := range map[string][]piece{
		"it answers": {{nil, "it answers"}},
		"the last came at 2026-03-01T12:00:00Z; no more": {{nil, "the last came at "}, {&at, "; no more"}},
		"2026-03-01T12:00:00Z":                           {{nil, ""}, {&at, ""}},
		"at 2026-99-99T99:99:99Z, which is none":         {{nil, "at 2026-99-99T99:99:99Z, which is none"}},
	} {
		if diff := cmp.Diff(want, pieces(sentence)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", sentence, diff)
		}
	}
}

// TestAScanThatStoodStillHasNoRate: its brake's time would thin that.
func TestAScanThatStoodStillHasNoRate(t *testing.T) {
	t.Parallel()
	why := "released by admin"
	for _, test := range []struct {
		scan client.Scan
		want string
	}{
		{client.Scan{State: running, Rate: 2.5}, "2.5"},
		{client.Scan{State: braked, Rate: 2.5}, "–"},
		{client.Scan{State: "finished", Why: &why, Rate: 2.5}, "–"},
	} {
		if got := newPassView(test.scan, pace{time.Now(), 1}).RateWords(); got != test.want {
			t.Errorf("%s: %s, want %s", test.scan.State, got, test.want)
		}
	}
}
