package web

import (
	"testing"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
)

// TestDeadlineThatStripeForgetsIsRemembered: what was said of a document on five days, the newest first.
func TestDeadlineThatStripeForgetsIsRemembered(t *testing.T) {
	t.Parallel()
	on := func(d int) *time.Time {
		at := time.Date(2026, 11, d, 12, 0, 0, 0, time.UTC)
		return &at
	}
	const document, other = "individual.verification.document", "company.tax_id"
	said := func(at int, deadline *time.Time, due, late []string) client.Change {
		return client.Change{After: client.RecordedReadiness{Readiness: client.Readiness{
			AsOf: on(at), Requirements: client.Requirements{CurrentDeadline: deadline, CurrentlyDue: due, PastDue: late},
		}}}
	}
	one := []string{document}
	for name, c := range map[string]struct {
		changes []client.Change
		want    *time.Time
	}{
		"it passed":            {[]client.Change{said(10, nil, one, one), said(1, on(3), one, nil)}, on(3)},
		"it passed long ago":   {[]client.Change{said(20, on(30), one, one), said(10, nil, one, one), said(1, on(3), one, nil)}, on(3)},
		"it was put off":       {[]client.Change{said(10, nil, one, one), said(2, on(5), one, nil), said(1, on(3), one, nil)}, on(5)},
		"it was said too late": {[]client.Change{said(10, nil, one, one), said(9, on(3), one, one), said(8, nil, one, one)}, on(3)},
		"it was another's": {[]client.Change{
			said(10, nil, []string{document, other}, []string{document, other}), said(2, on(3), []string{document, other}, one), said(1, nil, one, one),
		}, nil},
		"it was given in between": {[]client.Change{said(10, nil, one, one), said(5, nil, nil, nil), said(1, on(3), one, nil)}, nil},
		"nothing is known":        {nil, nil},
	} {
		a := client.Account{Reasons: []client.Reason{{Code: string(account.CodeRequirementPastDue), Requirement: document}}}
		if got := withMissedDeadlines(a, c.changes, *on(10)).Reasons[0].Deadline; !sameTime(got, c.want) {
			t.Errorf("%s: past due since %v, want %v", name, got, c.want)
		}
		if a.Reasons[0].Deadline != nil {
			t.Errorf("%s: the account as it was read has changed", name)
		}
	}
}

func TestVerdictOfWhatMissedSeveralDeadlines(t *testing.T) {
	t.Parallel()
	third, fifth := time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC)
	late := []client.Reason{{Requirement: "external_account", Deadline: &third}, {Requirement: "company.tax_id", Deadline: &fifth}}
	if got, want := pastDueWords(late), "a bank account for payouts and one more thing are past due"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
