package sandbox_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/sandbox"
)

func TestDeadlineThatPassesSwitchesOffWhatItThreatened(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	in := func(d time.Duration) int64 { return at.Add(d).Unix() }
	const day = 24 * time.Hour
	for name, test := range map[string]struct {
		persona, patch string
		want           shape
	}{
		"a tax id is missing": {
			"restricted_soon", `{}`,
			shape{Details: true, Cards: "inactive", Transfers: "inactive", Disabled: "requirements.past_due", Due: 1, Past: 1, Eventually: 1},
		},
		"nothing but the bank account is missing": {
			"complete", fmt.Sprintf(`{"requirements":{"currently_due":["external_account"],"current_deadline":%d}}`, in(day)),
			shape{
				Charges: true, Details: true, Cards: "active", Transfers: "active", Disabled: "requirements.past_due",
				Due: 1, Past: 1, Eventually: 1,
			},
		},
		"future requirements become requirements": {
			"complete", fmt.Sprintf(`{"future_requirements":{"currently_due":["company.tax_id"],"current_deadline":%d}}`, in(day)),
			shape{Details: true, Cards: "inactive", Transfers: "inactive", Disabled: "requirements.past_due", Due: 1, Past: 1, Eventually: 1},
		},
		"nothing is due any more": {
			"complete", fmt.Sprintf(`{"requirements":{"current_deadline":%d}}`, in(day)),
			shape{Charges: true, Payouts: true, Details: true, Cards: "active", Transfers: "active"},
		},
		"the deadline is later": {
			"complete", fmt.Sprintf(`{"requirements":{"currently_due":["company.tax_id"],"current_deadline":%d}}`, in(365*day)),
			shape{Charges: true, Payouts: true, Details: true, Cards: "active", Transfers: "active", Due: 1, Deadline: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startWith(t, sandbox.Config{Now: func() time.Time { return at }})
			id := s.account(test.persona)
			s.control("/sandbox/accounts/"+id, test.patch)
			s.control("/sandbox/clock", `{"advance":"672h"}`)
			test.want.Named, test.want.InPolicysCountry = true, true
			if diff := cmp.Diff(test.want, shapeOf(s.object(id))); diff != "" {
				t.Errorf("after the deadline (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeadlineThatPassesSendsItsEvent(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := s.receiver(always(http.StatusOK))
	id := s.account("restricted_soon")
	s.control("/sandbox/clock", `{"advance":"337h"}`)
	e := rec.next()
	if e.Type != "account.updated" || e.Account != id || e.Data.PreviousAttributes["charges_enabled"] != true {
		t.Errorf("event: %s", e.Body)
	}
	s.control("/sandbox/clock", `{"advance":"337h"}`)
	s.control("/sandbox/accounts/"+id, `{"metadata":{"a":"b"}}`)
	if again := rec.next(); again.Data.PreviousAttributes["metadata"] == nil {
		t.Errorf("a deadline passed twice: %s", again.Body)
	}
}

func TestDeadlinePassesWithoutACommandToo(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := s.receiver(always(http.StatusOK))
	id := s.account("complete")
	s.control("/sandbox/accounts/"+id+"?silent=1", fmt.Sprintf(
		`{"requirements":{"currently_due":["company.tax_id"],"current_deadline":%d}}`, time.Now().Unix()))
	if e := rec.next(); e.Data.Object["payouts_enabled"] != false {
		t.Errorf("event: %s", e.Body)
	}
}

func TestManyDeadlinesPassTogether(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.control("/sandbox/accounts", `{"persona":"restricted_soon","count":1200}`)
	s.control("/sandbox/clock", `{"advance":"672h"}`)
	var page struct {
		Data []struct {
			Charges bool `json:"charges_enabled"`
		}
	}
	s.api(http.MethodGet, "/v1/accounts?limit=100", "").into(t, &page)
	for _, a := range page.Data {
		if a.Charges {
			t.Fatal("an account was left out")
		}
	}
	if len(page.Data) != 100 {
		t.Errorf("%d accounts", len(page.Data))
	}
}
