package web

import (
	"testing"
	"time"

	"github.com/connectd/connectd/client"
)

// TestWhoIsAtRiskByWhatStripeWillNeedOwesThat, and who is not by anything owes nothing yet.
func TestWhoIsAtRiskByWhatStripeWillNeedOwesThat(t *testing.T) {
	t.Parallel()
	by := time.Date(2026, 12, 17, 0, 0, 0, 0, time.UTC)
	a := client.Account{
		Requirements:       &client.Requirements{},
		FutureRequirements: &client.Requirements{CurrentlyDue: []string{"company.tax_id"}, CurrentDeadline: &by},
	}
	if got := newOwedView(a); got != (owedView{}) {
		t.Errorf("%+v", got)
	}
	a.AtRiskAt = &by
	if got := newOwedView(a); got != (owedView{First: "Tax number of the company", Deadline: &by}) {
		t.Errorf("%+v", got)
	}
}
