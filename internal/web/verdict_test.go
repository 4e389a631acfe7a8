package web

import (
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
)

func TestVerdictIsOneSentence(t *testing.T) {
	t.Parallel()
	on, off := true, false
	november := time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
	tomorrow := november.AddDate(0, 0, 1)
	works := account.Facts{
		Connected: true, DisplayName: "Blue Kiln", Country: "IE", DefaultCurrency: "eur",
		ChargesEnabled: &on, PayoutsEnabled: &on, DetailsSubmitted: &on, Requirements: &account.Requirements{},
	}
	document := "individual.verification.document"
	stopped := func(reason string, pastDue ...string) func(*account.Facts) {
		return func(f *account.Facts) {
			f.ChargesEnabled = &off
			f.Requirements = &account.Requirements{DisabledReason: reason, PastDue: pastDue, CurrentDeadline: &november}
		}
	}
	for want, change := range map[string]func(*account.Facts){
		"Can transact: nothing stands in the way.":                                                                                                                func(*account.Facts) {},
		"Cannot transact: the account’s details have not been read from Stripe yet.":                                                                              func(f *account.Facts) { *f = account.Facts{Connected: true} },
		"Cannot transact: accounts of country BR are not supported here; another account can be connected.":                                                       func(f *account.Facts) { f.Country = "BR" },
		"Cannot transact: the seller has not given Stripe the account’s details yet.":                                                                             func(f *account.Facts) { f.DetailsSubmitted = &off },
		"Cannot transact: Stripe has switched charges off because an identity document of the account holder was past due on 3 November 2026.":                    stopped("requirements.past_due", document),
		"Cannot transact: Stripe has switched charges off because an identity document of the account holder and 2 more things were past due on 3 November 2026.": stopped("requirements.past_due", document, "external_account", "company.tax_id"),
		"Cannot transact: Stripe has switched charges off for a reason that it does not tell.":                                                                    stopped("other"),
		"Cannot transact: Stripe has switched charges off (something_new).":                                                                                       stopped("something_new"),
		"Cannot transact: Stripe has switched charges off because the platform has paused the account.":                                                           stopped("platform_paused"),
		"Cannot transact: Stripe has rejected the account for suspected fraud.":                                                                                   stopped("rejected.fraud"),
		"Cannot transact: the platform has rejected the account for breaking terms of service.":                                                                   stopped("rejected.platform_terms_of_service"),
		"Cannot transact: Stripe has rejected the account (rejected.anew).":                                                                                       stopped("rejected.anew"),
		"Cannot transact: Stripe has switched payouts off and does not say why.":                                                                                  func(f *account.Facts) { f.PayoutsEnabled = &off },
		"Cannot transact: the capability card_payments is inactive, and the platform requires it.": func(f *account.Facts) {
			f.Capabilities = map[string]string{"card_payments": "inactive"}
		},
		"Can transact, and may lose that on 4 November 2026: Stripe needs the tax number of the company and one more thing.": func(f *account.Facts) {
			f.Requirements = &account.Requirements{CurrentlyDue: []string{"company.tax_id", "external_account"}, CurrentDeadline: &tomorrow}
		},
		"Can transact, and may lose that any moment since 3 November 2026: Stripe needs the VAT number of the company.": func(f *account.Facts) {
			f.Requirements = &account.Requirements{CurrentlyDue: []string{"company.vat_id"}, CurrentDeadline: &november}
		},
		"Cannot transact: Stripe has switched charges off because an identity document of the account holder is past due.": func(f *account.Facts) {
			stopped("requirements.past_due", document)(f)
			december := november.AddDate(0, 1, 0)
			f.Requirements.CurrentDeadline = &december
		},
		"Can transact: Stripe needs a bank account for payouts.": func(f *account.Facts) {
			f.Requirements = &account.Requirements{CurrentlyDue: []string{"external_account"}}
		},
	} {
		facts := works
		change(&facts)
		policy := account.DefaultPolicy()
		policy.Countries = []string{"IE"}
		at := november.Add(time.Hour)
		if got := verdictWords(withMissedDeadlines(judged(facts, policy), nil, at), at); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestVerdictSaysThatPayoutsAreOffAlready(t *testing.T) {
	t.Parallel()
	on, off, november := true, false, time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
	facts := account.Facts{
		Connected: true, Country: "IE", DefaultCurrency: "eur", ChargesEnabled: &on, PayoutsEnabled: &off, DetailsSubmitted: &on,
		Requirements: &account.Requirements{CurrentlyDue: []string{"external_account"}, CurrentDeadline: &november},
	}
	policy := account.DefaultPolicy()
	policy.RequirePayouts = false
	got := verdictWords(judged(facts, policy), november.Add(-time.Hour))
	want := "Can transact, and may lose that on 3 November 2026: Stripe needs a bank account for payouts; " +
		"Stripe has switched payouts off already and does not say why."
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWordsAreLoweredInASentence(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"A document": "a document", "VAT number": "VAT number", "Ünique": "ünique", "": "", "T": "t", "W9 form": "W9 form",
	} {
		if got := lowerFirst(words); got != want {
			t.Errorf("%q becomes %q, want %q", words, got, want)
		}
	}
}

// judged is the account's row, as far as the sentence reads it.
func judged(f account.Facts, policy account.Policy) client.Account {
	v := account.Judge(f, policy)
	a := client.Account{CanTransact: v.CanTransact, CanReceivePayouts: v.CanReceivePayouts, AtRiskAt: v.AtRiskAt}
	for _, r := range v.Reasons {
		a.Reasons = append(a.Reasons, client.Reason{
			Code: string(r.Code), Message: r.Message, Who: string(r.Who), Requirement: r.Requirement, Deadline: r.Deadline,
		})
	}
	if f.Requirements != nil {
		a.Requirements = &client.Requirements{PastDue: f.Requirements.PastDue, CurrentDeadline: f.Requirements.CurrentDeadline}
		if reason := f.Requirements.DisabledReason; reason != "" {
			a.Requirements.DisabledReason = &reason
		}
	}
	return a
}

func TestTodosAreWhatCanBeDone(t *testing.T) {
	t.Parallel()
	reason := func(code account.Code, who account.Who, requirement string) client.Reason {
		return client.Reason{Code: string(code), Who: string(who), Requirement: requirement, Message: "It is so."}
	}
	off := reason(account.CodeChargesDisabled, account.Seller, "")
	due := reason(account.CodeRequirementPastDue, account.Seller, "external_account")
	reviewed := reason(account.CodeInReview, account.Stripe, "")
	todos := newTodos([]client.Reason{off, due, reviewed})
	if len(todos) != 2 || todos[0].Who != "The seller must act" || todos[1].Who != "Stripe must act" {
		t.Fatalf("%+v", todos)
	}
	if items := todos[0].Items; len(items) != 1 || items[0].Code != "external_account" || !items[0].Late {
		t.Errorf("what follows from something else is to be done too: %+v", items)
	}
	if alone := newTodos([]client.Reason{off}); len(alone) != 1 || alone[0].Items[0].Code != "charges_disabled" {
		t.Errorf("%+v", alone)
	}
	paused := reason(account.CodeChargesDisabled, account.Platform, "")
	if both := newTodos([]client.Reason{paused, due}); len(both) != 2 || both[0].Who != "The platform must act" {
		t.Errorf("what the platform has switched off comes on by what the seller does: %+v", both)
	}
	if len(newTodos(nil)) != 0 {
		t.Error("something is to be done about nothing")
	}
}

// TestAdviceIsWhatTheReaderCanDo, by what the advice has to name.
func TestAdviceIsWhatTheReaderCanDo(t *testing.T) {
	t.Parallel()
	on, off := true, false
	for name, c := range map[string]struct {
		change func(*account.Facts)
		names  []string
	}{
		"rejected":                 {disabledBy("rejected.fraud"), []string{"Stripe’s support", "connect another"}},
		"rejected by the platform": {disabledBy("rejected.platform_other"), []string{"platform’s Stripe Dashboard", "connect another"}},
		"paused":                   {disabledBy("platform_paused"), []string{"resume it in the platform’s own Stripe Dashboard"}},
		"no cards": {func(f *account.Facts) {
			f.ChargesEnabled, f.Capabilities = &on, map[string]string{"card_payments": "inactive"}
		}, []string{"does not say what is missing", "Stripe’s support"}},
		"asked capabilities": {disabledBy("action_required.requested_capabilities"), []string{"does not say what is missing"}},
	} {
		facts := account.Facts{
			Connected: true, Country: "IE", DefaultCurrency: "eur", ChargesEnabled: &off, PayoutsEnabled: &on, DetailsSubmitted: &on,
			Requirements: &account.Requirements{},
		}
		c.change(&facts)
		todos := newTodos(judged(facts, account.DefaultPolicy()).Reasons)
		for _, words := range c.names {
			if len(todos) != 1 || !strings.Contains(todos[0].Advice, words) {
				t.Errorf("%s: %+v, where %q is to be named", name, todos, words)
			}
		}
	}
}

func disabledBy(reason string) func(*account.Facts) {
	return func(f *account.Facts) { f.Requirements.DisabledReason = reason }
}
