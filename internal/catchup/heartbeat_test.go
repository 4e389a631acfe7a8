package catchup

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// ago is so long before noon, nil for never.
func ago(d time.Duration) *time.Time {
	at := noon.Add(-d)
	return &at
}

func TestGapsThatABeatShows(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, c := range []struct {
		name  string
		was   heartbeat
		heard Hearing
		when  occasion
		next  heartbeat
		since *time.Time // nil: no gap
		why   []string
	}{
		{name: "the first of all", next: heartbeat{at: ago(0)}},
		{name: "the first of all, after events", was: heartbeat{heardAt: ago(day)}, next: heartbeat{at: ago(0)}},
		{name: "one of many", was: heartbeat{at: ago(15 * time.Second)}, next: heartbeat{at: ago(0)}},
		{name: "a quiet platform", was: heartbeat{at: ago(15 * time.Second), heardAt: ago(20 * day)}, next: heartbeat{at: ago(0)}},
		{name: "after a restart", was: heartbeat{at: ago(time.Hour)}, next: heartbeat{at: ago(0)}},
		{
			name: "after an outage", was: heartbeat{at: ago(time.Hour + time.Second), heardAt: ago(2 * day)}, next: heartbeat{at: ago(0)},
			since: ago(time.Hour + time.Second), why: []string{"down from 2026-03-02T10:59:59Z to 2026-03-02T12:00:00Z"},
		},
		{name: "another's clock is a little ahead", was: heartbeat{at: ago(-time.Minute)}, next: heartbeat{at: ago(-time.Minute)}},
		{
			name: "a clock was far ahead", was: heartbeat{at: ago(-2 * day)}, next: heartbeat{at: ago(0)},
			since: ago(0), why: []string{"a clock was ahead"},
		},
		{
			name: "Stripe has switched the endpoint off", was: heartbeat{at: ago(time.Minute), heardAt: ago(5 * day)}, heard: SwitchedOff,
			next: heartbeat{at: ago(0), deafSince: ago(0), endpointCheckedAt: ago(0)}, since: ago(5 * day), why: []string{"switched the webhook endpoint off"},
		},
		{
			name: "off, and never heard", was: heartbeat{at: ago(time.Minute)}, heard: SwitchedOff,
			next: heartbeat{at: ago(0), deafSince: ago(0), endpointCheckedAt: ago(0)}, since: ago(30 * day), why: []string{"switched the webhook endpoint off"},
		},
		{
			name: "off still", was: heartbeat{at: ago(time.Minute), deafSince: ago(day)}, heard: SwitchedOff, when: meanwhile,
			next: heartbeat{at: ago(0), deafSince: ago(day), endpointCheckedAt: ago(0)},
		},
		{
			name: "off still, at a start", was: heartbeat{at: ago(time.Minute), deafSince: ago(day)}, heard: SwitchedOff,
			next: heartbeat{at: ago(0), deafSince: ago(0), endpointCheckedAt: ago(0)}, since: ago(day), why: []string{"switched off still"},
		},
		{
			name: "off still, at a start soon after another", was: heartbeat{at: ago(time.Minute), deafSince: ago(time.Minute)}, heard: SwitchedOff,
			next: heartbeat{at: ago(0), deafSince: ago(time.Minute), endpointCheckedAt: ago(0)},
		},
		{
			name: "on again", was: heartbeat{at: ago(time.Minute), heardAt: ago(time.Second), deafSince: ago(day)}, heard: Enabled, when: meanwhile,
			next: heartbeat{at: ago(0), endpointCheckedAt: ago(0)}, since: ago(day), why: []string{"off until now"},
		},
		{
			name: "on as ever", was: heartbeat{at: ago(time.Minute), endpointCheckedAt: ago(day)}, heard: Enabled,
			next: heartbeat{at: ago(0), endpointCheckedAt: ago(0)},
		},
		{
			name: "down and off", was: heartbeat{at: ago(5 * day), heardAt: ago(6 * day)}, heard: SwitchedOff,
			next: heartbeat{at: ago(0), deafSince: ago(0), endpointCheckedAt: ago(0)}, since: ago(6 * day), why: []string{"down from", "endpoint off"},
		},
		{
			name: "down while off, and Stripe says nothing", was: heartbeat{at: ago(2 * day), deafSince: ago(3 * day)},
			next: heartbeat{at: ago(0), deafSince: ago(0)}, since: ago(3 * day), why: []string{"down from"},
		},
	} {
		next, found := c.was.beat(noon, c.heard, c.when, time.Hour)
		c.next.heardAt = c.was.heardAt
		if c.heard == Unknown {
			c.next.endpointCheckedAt = c.was.endpointCheckedAt
		}
		if diff := cmp.Diff(c.next, next, cmp.AllowUnexported(heartbeat{})); diff != "" {
			t.Errorf("%s: the heartbeat:\n%s", c.name, diff)
		}
		if (found == nil) != (c.since == nil) {
			t.Errorf("%s: found %+v", c.name, found)
			continue
		}
		if found == nil {
			continue
		}
		if !found.since.Equal(*c.since) {
			t.Errorf("%s: since %s, want %s", c.name, found.since, c.since)
		}
		for _, words := range c.why {
			if !strings.Contains(found.why, words) {
				t.Errorf("%s: why is %q, without %q", c.name, found.why, words)
			}
		}
	}
}

// TestARestoreGoesBackToTheLastSign of life in the dump.
func TestARestoreGoesBackToTheLastSign(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		was  heartbeat
		want *time.Time
	}{
		"a beat":                   {heartbeat{at: ago(day), heardAt: ago(3 * day)}, ago(day)},
		"while switched off":       {heartbeat{at: ago(day), deafSince: ago(2 * day)}, ago(2 * day)},
		"no beat yet":              {heartbeat{heardAt: ago(3 * day)}, ago(3 * day)},
		"neither beat nor event":   {heartbeat{}, ago(30 * day)},
		"by a clock that is ahead": {heartbeat{at: ago(-day)}, ago(0)},
	} {
		if got := c.was.lastSign(noon); !got.Equal(*c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
