package account_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
)

func TestStatusIsTheFirstThatHolds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*account.Facts, *account.Policy)
		want   account.Status
	}{
		"rejected before unsupported": {func(f *account.Facts, _ *account.Policy) {
			f.Requirements.DisabledReason, f.Country = "rejected.terms_of_service", "JP"
		}, account.Rejected},
		"a rejection that Stripe may add": {func(f *account.Facts, _ *account.Policy) {
			f.Requirements.DisabledReason = "rejected.for_a_new_reason"
		}, account.Rejected},
		"unsupported before incomplete": {func(f *account.Facts, _ *account.Policy) {
			f.Country, f.DetailsSubmitted = "JP", ptr(false)
		}, account.Unsupported},
		"a currency outside the policy": {func(_ *account.Facts, p *account.Policy) {
			p.Currencies = []string{"eur"}
		}, account.Unsupported},
		"a missing country and currency are supported": {func(f *account.Facts, p *account.Policy) {
			f.Country, f.DefaultCurrency, p.Currencies = "", "", []string{"eur"}
		}, account.Enabled},
		"codes in another case are the same": {func(_ *account.Facts, p *account.Policy) {
			p.Countries, p.Currencies = []string{"us"}, []string{"USD"}
		}, account.Enabled},
		"details unknown": {func(f *account.Facts, _ *account.Policy) {
			f.DetailsSubmitted = nil
		}, account.Incomplete},
		"under review": {func(f *account.Facts, _ *account.Policy) {
			f.ChargesEnabled, f.Requirements.DisabledReason = ptr(false), "under_review"
		}, account.InReview},
		"listed": {func(f *account.Facts, _ *account.Policy) {
			f.ChargesEnabled, f.Requirements.DisabledReason = ptr(false), "listed"
		}, account.InReview},
		"pending verification without a reason": {func(f *account.Facts, _ *account.Policy) {
			f.ChargesEnabled, f.Requirements.PendingVerification = ptr(false), []string{"company.tax_id"}
		}, account.InReview},
		"in review, but the seller has something to give": {func(f *account.Facts, _ *account.Policy) {
			f.ChargesEnabled, f.Requirements.DisabledReason = ptr(false), "under_review"
			f.Requirements.CurrentlyDue = []string{"company.tax_id"}
		}, account.Restricted},
		"in review, but all works": {func(f *account.Facts, _ *account.Policy) {
			f.Requirements.PendingVerification = []string{"company.tax_id"}
		}, account.Enabled},
		"payouts off where policy needs none": {func(f *account.Facts, p *account.Policy) {
			f.PayoutsEnabled, p.RequirePayouts = ptr(false), false
		}, account.Restricted},
		"due in the future with a deadline": {func(f *account.Facts, _ *account.Policy) {
			f.FutureRequirements = &account.Requirements{CurrentlyDue: []string{"company.tax_id"}, CurrentDeadline: deadline()}
		}, account.RestrictedSoon},
		"due in the future without a deadline": {func(f *account.Facts, _ *account.Policy) {
			f.FutureRequirements = &account.Requirements{CurrentlyDue: []string{"company.tax_id"}}
		}, account.Enabled},
		"eventually due in the future": {func(f *account.Facts, _ *account.Policy) {
			f.FutureRequirements = &account.Requirements{EventuallyDue: []string{"company.tax_id"}, CurrentDeadline: deadline()}
		}, account.Enabled},
		"past due, and all still works": {func(f *account.Facts, _ *account.Policy) {
			f.Requirements.PastDue = []string{"company.tax_id"}
		}, account.RestrictedSoon},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, p := working(), demoPolicy()
			tt.change(&f, &p)
			if got := account.Judge(f, p).Status; got != tt.want {
				t.Errorf("status %s, want %s", got, tt.want)
			}
		})
	}
}

func TestCapabilitiesBlockOnlyWhereNamedAsOtherThanActive(t *testing.T) {
	t.Parallel()
	required := func(names ...string) account.Policy {
		p := account.DefaultPolicy()
		p.RequiredCapabilities = names
		return p
	}
	tests := map[string]struct {
		policy       account.Policy
		capabilities map[string]string
		want         bool
	}{
		"active":                                 {account.DefaultPolicy(), map[string]string{"card_payments": "active"}, true},
		"inactive":                               {account.DefaultPolicy(), map[string]string{"card_payments": "inactive"}, false},
		"pending":                                {account.DefaultPolicy(), map[string]string{"card_payments": "pending"}, false},
		"a status that Stripe may add":           {account.DefaultPolicy(), map[string]string{"card_payments": "dormant"}, false},
		"not listed":                             {account.DefaultPolicy(), map[string]string{"transfers": "inactive"}, true},
		"none listed":                            {account.DefaultPolicy(), nil, true},
		"legacy payments alone":                  {account.DefaultPolicy(), map[string]string{"legacy_payments": "active"}, true},
		"legacy payments alone, inactive":        {account.DefaultPolicy(), map[string]string{"legacy_payments": "inactive"}, false},
		"legacy payments for inactive cards":     {account.DefaultPolicy(), map[string]string{"card_payments": "inactive", "legacy_payments": "active"}, true},
		"both inactive":                          {account.DefaultPolicy(), map[string]string{"card_payments": "inactive", "legacy_payments": "inactive"}, false},
		"legacy payments stand for nothing else": {required("transfers"), map[string]string{"transfers": "inactive", "legacy_payments": "active"}, false},
		"none required":                          {required(), map[string]string{"card_payments": "inactive"}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := working()
			f.Capabilities = tt.capabilities
			if got := account.Judge(f, tt.policy).CanTransact; got != tt.want {
				t.Errorf("can transact: %t, want %t", got, tt.want)
			}
		})
	}
}

func TestPayoutsCountAsPolicySays(t *testing.T) {
	t.Parallel()
	p := account.DefaultPolicy()
	p.RequirePayouts = false
	f := working()
	f.PayoutsEnabled = ptr(false)
	got := outcomeOf(account.Judge(f, p))
	want := because(outcome{Status: account.Restricted, Transact: true, Accept: true},
		account.Stripe, account.CodePayoutsDisabled)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
}

func TestWhoActsFollowsStripesReason(t *testing.T) {
	t.Parallel()
	tests := map[string]account.Who{
		"requirements.past_due":                  account.Seller,
		"action_required.requested_capabilities": account.Seller,
		"fields_needed":                          account.Seller,
		"requirements.pending_verification":      account.Stripe,
		"under_review":                           account.Stripe,
		"listed":                                 account.Stripe,
		"other":                                  account.Stripe,
		"a.reason.that.Stripe.may.add":           account.Stripe,
		"platform_paused":                        account.Platform,
		"rejected.fraud":                         account.Seller,
		"rejected.platform_fraud":                account.Platform,
		"rejected.platform_terms_of_service":     account.Platform,
	}
	for reason, want := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			v := account.Judge(stopped(reason), account.DefaultPolicy())
			for _, r := range v.Reasons {
				if r.Code != account.CodeInReview && r.Who != want {
					t.Errorf("%s: %s must act, want %s", r.Code, r.Who, want)
				}
			}
		})
	}
}

func TestReasonsCarryWhatStripeSaid(t *testing.T) {
	t.Parallel()
	f := stopped("requirements.past_due")
	f.Requirements.PastDue = []string{"company.tax_id", "company.verification.document"}
	f.Requirements.CurrentlyDue = append([]string{"external_account"}, f.Requirements.PastDue...)
	f.Requirements.CurrentDeadline = deadline()
	f.Requirements.Errors = []account.RequirementError{
		{Requirement: "company.verification.document", Code: "verification_document_not_readable", Reason: "Blurred."},
		{Requirement: "company.tax_id", Code: "invalid_tax_id"},
	}
	future := deadline().Add(24 * time.Hour)
	f.FutureRequirements = &account.Requirements{
		CurrentlyDue: []string{"external_account", "representative.phone"}, CurrentDeadline: &future,
	}
	var got []account.Reason
	for _, r := range account.Judge(f, account.DefaultPolicy()).Reasons {
		if r.Requirement != "" {
			r.Message = ""
			got = append(got, r)
		}
	}
	want := []account.Reason{
		{Code: account.CodeRequirementPastDue, Who: account.Seller, Requirement: "company.tax_id", Error: "invalid_tax_id", Deadline: deadline()},
		{Code: account.CodeRequirementPastDue, Who: account.Seller, Requirement: "company.verification.document", Error: "Blurred.", Deadline: deadline()},
		{Code: account.CodeRequirementDue, Who: account.Seller, Requirement: "external_account", Deadline: deadline()},
		{Code: account.CodeRequirementDue, Who: account.Seller, Requirement: "representative.phone", Deadline: &future},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}

func TestNotCheckedDoesNotHideWhatIsKnown(t *testing.T) {
	t.Parallel()
	f := account.Facts{Connected: true, Country: "JP"}
	got := outcomeOf(account.Judge(f, demoPolicy()))
	want := because(because(unable(account.Unsupported), account.Seller, account.CodeCountryUnsupported),
		account.Platform, account.CodeNotChecked)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
}

func TestAtRiskIsTheEarliestDeadlineOfWhatIsDue(t *testing.T) {
	t.Parallel()
	early, late := deadline(), ptr(deadline().Add(30*24*time.Hour))
	due := func(at *time.Time) *account.Requirements {
		return &account.Requirements{CurrentlyDue: []string{"company.tax_id"}, CurrentDeadline: at}
	}
	tests := map[string]struct {
		now, future *account.Requirements
		want        *time.Time
	}{
		"nothing due":            {nil, nil, nil},
		"due now":                {due(early), nil, early},
		"due now, no deadline":   {due(nil), nil, nil},
		"due later":              {nil, due(late), late},
		"now before later":       {due(early), due(late), early},
		"later before now":       {due(late), due(early), early},
		"deadline of nothing":    {&account.Requirements{CurrentDeadline: early}, nil, nil},
		"now without, later has": {due(nil), due(late), late},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := working()
			f.Requirements, f.FutureRequirements = tt.now, tt.future
			if diff := cmp.Diff(tt.want, account.Judge(f, account.DefaultPolicy()).AtRiskAt); diff != "" {
				t.Errorf("at risk (-want +got):\n%s", diff)
			}
		})
	}
}
