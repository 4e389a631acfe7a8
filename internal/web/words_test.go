package web

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/registry"
)

func TestEverySourceHasWords(t *testing.T) {
	t.Parallel()
	said := map[string]registry.Source{}
	for _, source := range []registry.Source{
		registry.OAuth, registry.Webhook, registry.Scan, registry.Recheck, registry.Import, registry.ByPolicy, registry.Person,
	} {
		words := sourceWords(source)
		if other, twice := said[words]; twice || words == "" {
			t.Errorf("%s is said as %q, as %q is", source, words, other)
		}
		said[words] = source
	}
}

func TestHistorySaysWhatChanged(t *testing.T) {
	t.Parallel()
	name, soon, later := "Blue Kiln", time.Unix(1, 0), time.Unix(2, 0)
	able := client.Readiness{CanTransact: true, CanAcceptPayments: true, CanReceivePayouts: true, DisplayName: &name}
	for what, c := range map[string]struct {
		change func(*client.Readiness)
		want   []string
	}{
		"nothing":      {func(*client.Readiness) {}, nil},
		"the verdict":  {func(r *client.Readiness) { r.CanTransact, r.AllowUnlink = false, true }, []string{"can no longer transact", "unlink offered"}},
		"payouts":      {func(r *client.Readiness) { r.CanReceivePayouts = false }, []string{"payouts off"}},
		"the name":     {func(r *client.Readiness) { r.DisplayName = nil }, []string{"name: Blue Kiln → none"}},
		"the currency": {func(r *client.Readiness) { r.Currency = &name }, []string{"currency: none → Blue Kiln"}},
		"requirements": {func(r *client.Readiness) { r.Requirements.PastDue = []string{"external_account"} }, []string{"A bank account for payouts: past due"}},
		"a deadline":   {func(r *client.Readiness) { r.Requirements.CurrentDeadline = &later }, []string{"deadline: none → 1 January 1970"}},
	} {
		after := able
		c.change(&after)
		if diff := cmp.Diff(c.want, differences(able, after)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	if sameTime(&soon, &later) || !sameTime(&soon, &soon) || sameTime(&soon, nil) {
		t.Error("deadlines are not compared")
	}
}
