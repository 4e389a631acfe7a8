package account_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
)

// demoPolicy leaves out the country of the persona "unsupported".
func demoPolicy() account.Policy {
	p := account.DefaultPolicy()
	p.Countries = []string{"US", "IE", "DE", "GB"}
	return p
}

func deadline() *time.Time {
	at := time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC)
	return &at
}

func ptr[T any](v T) *T { return &v }

// working is an account with all that Stripe can switch on, and nothing due.
func working() account.Facts {
	return account.Facts{
		Connected: true, Type: "standard", DisplayName: "Ada's Bakery", Country: "US", DefaultCurrency: "usd",
		ChargesEnabled: ptr(true), PayoutsEnabled: ptr(true), DetailsSubmitted: ptr(true),
		Requirements:       &account.Requirements{},
		FutureRequirements: &account.Requirements{},
		Capabilities:       map[string]string{"card_payments": "active", "transfers": "active"},
	}
}

// stopped is an account that Stripe has switched off for a reason.
func stopped(reason string) account.Facts {
	f := working()
	f.ChargesEnabled, f.PayoutsEnabled = ptr(false), ptr(false)
	f.Capabilities = map[string]string{"card_payments": "inactive", "transfers": "inactive"}
	f.Requirements.DisabledReason = reason
	return f
}

func with(f account.Facts, change func(*account.Facts)) account.Facts {
	change(&f)
	return f
}

// outcome is a verdict without its words.
type outcome struct {
	Status                 account.Status
	Transact, Accept, Paid bool
	AllowUnlink            bool
	Codes                  []account.Code
	Who                    []account.Who // who must act, of each reason
	AtRiskAt               *time.Time
}

func outcomeOf(v account.Verdict) outcome {
	o := outcome{
		Status: v.Status, Transact: v.CanTransact, Accept: v.CanAcceptPayments, Paid: v.CanReceivePayouts,
		AllowUnlink: v.AllowUnlink, AtRiskAt: v.AtRiskAt,
	}
	for _, r := range v.Reasons {
		o.Codes = append(o.Codes, r.Code)
		o.Who = append(o.Who, r.Who)
	}
	return o
}

func able(status account.Status) outcome {
	return outcome{Status: status, Transact: true, Accept: true, Paid: true}
}

func because(o outcome, who account.Who, codes ...account.Code) outcome {
	o.Codes = append(o.Codes, codes...)
	o.Who = append(o.Who, slices.Repeat([]account.Who{who}, len(codes))...)
	return o
}

func unable(status account.Status) outcome {
	return outcome{Status: status, AllowUnlink: true}
}

func TestEveryPersonaHasItsVerdict(t *testing.T) {
	t.Parallel()
	const (
		charges, payouts, capability = account.CodeChargesDisabled, account.CodePayoutsDisabled, account.CodeCapabilityInactive
		pastDue, due                 = account.CodeRequirementPastDue, account.CodeRequirementDue
	)
	document := []string{"company.verification.document"}
	personas := map[string]struct {
		facts account.Facts
		want  outcome
	}{
		"complete": {working(), able(account.Enabled)},
		"enabled": {
			with(working(), func(f *account.Facts) { f.Requirements.EventuallyDue = []string{"representative.id_number"} }),
			able(account.Enabled),
		},
		"restricted_soon": {
			with(working(), func(f *account.Facts) {
				f.Requirements.CurrentlyDue = []string{"company.tax_id"}
				f.Requirements.CurrentDeadline = deadline()
			}),
			because(outcome{
				Status: account.RestrictedSoon, Transact: true, Accept: true, Paid: true, AtRiskAt: deadline(),
			}, account.Seller, due),
		},
		"restricted": {
			with(stopped("requirements.past_due"), func(f *account.Facts) {
				f.Requirements.PastDue = []string{"company.tax_id", "external_account"}
				f.Requirements.CurrentlyDue = f.Requirements.PastDue
			}),
			because(unable(account.Restricted), account.Seller, charges, payouts, capability, pastDue, pastDue),
		},
		"no_payouts": {
			with(working(), func(f *account.Facts) {
				f.PayoutsEnabled, f.Requirements.DisabledReason = ptr(false), "other"
			}),
			because(outcome{Status: account.Restricted, Accept: true, AllowUnlink: true}, account.Stripe, payouts),
		},
		"no_charges": {
			with(stopped("other"), func(f *account.Facts) { f.PayoutsEnabled = ptr(true) }),
			because(outcome{Status: account.Restricted, Paid: true, AllowUnlink: true}, account.Stripe, charges, capability),
		},
		"no_cards": {
			with(working(), func(f *account.Facts) { f.Capabilities["card_payments"] = "inactive" }),
			because(outcome{Status: account.Restricted, Paid: true, AllowUnlink: true}, account.Seller, capability),
		},
		"document_failed": {
			with(stopped("requirements.past_due"), func(f *account.Facts) {
				f.Requirements.PastDue, f.Requirements.CurrentlyDue = document, document
				f.Requirements.Errors = []account.RequirementError{{
					Requirement: document[0], Code: "verification_document_not_readable", Reason: "The document could not be read.",
				}}
			}),
			because(unable(account.Restricted), account.Seller, charges, payouts, capability, pastDue),
		},
		"incomplete": {
			with(stopped("requirements.past_due"), func(f *account.Facts) {
				f.DetailsSubmitted, f.DisplayName = ptr(false), ""
				f.Requirements.PastDue, f.Requirements.CurrentlyDue = []string{"business_type"}, []string{"business_type"}
			}),
			because(unable(account.Incomplete), account.Seller,
				account.CodeDetailsMissing, charges, payouts, capability, pastDue),
		},
		"in_review": {
			with(stopped("requirements.pending_verification"), func(f *account.Facts) {
				f.Requirements.PendingVerification = document
			}),
			because(unable(account.InReview), account.Stripe, charges, payouts, capability, account.CodeInReview),
		},
		"rejected": {
			stopped("rejected.fraud"),
			because(unable(account.Rejected), account.Seller, account.CodeRejected, charges, payouts, capability),
		},
		"unsupported": {
			with(working(), func(f *account.Facts) { f.Country = "JP" }),
			because(outcome{Status: account.Unsupported, Paid: true, AllowUnlink: true},
				account.Seller, account.CodeCountryUnsupported),
		},
		"nameless": {
			with(working(), func(f *account.Facts) { f.DisplayName = "" }),
			outcome{Status: account.Enabled, Transact: true, Accept: true, Paid: true, AllowUnlink: true},
		},
		"deauthorized": {
			with(working(), func(f *account.Facts) { f.Connected = false }),
			because(outcome{Status: account.Disconnected}, account.Seller, account.CodeDisconnected),
		},
		"just connected": {
			account.Facts{Connected: true},
			because(unable(account.Incomplete), account.Platform, account.CodeNotChecked),
		},
	}
	for name, tt := range personas {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := outcomeOf(account.Judge(tt.facts, demoPolicy()))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNeverConnectedIsANoThatTheSellerCanMend(t *testing.T) {
	t.Parallel()
	want := because(outcome{Status: account.NotConnected}, account.Seller, account.CodeNotConnected)
	if diff := cmp.Diff(want, outcomeOf(account.NeverConnected())); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
}
