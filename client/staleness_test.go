package client

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestStalenessIsTakenBackAndJudgedAnew: what connectd has judged when it sent it comes out as it would judge it at any moment.
func TestStalenessIsTakenBackAndJudgedAnew(t *testing.T) {
	t.Parallel()
	checked := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, stored := range []Readiness{
		{SellerID: "able", CanTransact: true, CheckedAt: &checked, Reasons: []Reason{}},
		{SellerID: "able soon", CanTransact: true, CheckedAt: &checked, Reasons: []Reason{{Code: "requirement_due"}}},
		{SellerID: "unable", CheckedAt: &checked, Reasons: []Reason{{Code: "charges_disabled"}}},
		{SellerID: "unchecked", Reasons: []Reason{{Code: "not_checked"}}},
	} {
		for _, sent := range []staleness{{time.Hour, true}, {time.Hour, false}} {
			for _, rule := range []*staleness{{time.Hour, true}, {time.Hour, false}} {
				for _, moments := range [][2]time.Duration{{0, 0}, {0, 2 * time.Hour}, {2 * time.Hour, 2 * time.Hour}} {
					received, want := stored, stored
					sent.judge(&received, checked.Add(moments[0]))
					rule.judge(&want, checked.Add(moments[1]))
					got := rule.unjudged(received)
					rule.judge(&got, checked.Add(moments[1]))
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s, sent under %v, read under %v after %v (-want +got):\n%s", stored.SellerID, sent, *rule, moments, diff)
					}
				}
			}
		}
	}
}

// TestWithoutARuleWhatWasSentStays.
func TestWithoutARuleWhatWasSentStays(t *testing.T) {
	t.Parallel()
	sent := Readiness{SellerID: "shop", Stale: true, Reasons: []Reason{{Code: codeStale}}}
	got := stalenessOf(0, false).unjudged(sent)
	(*staleness)(nil).judge(&got, time.Now())
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Error(diff)
	}
}
