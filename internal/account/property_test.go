package account_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/connectd/connectd/internal/account"
)

func maybe[T any](values *rapid.Generator[T]) *rapid.Generator[*T] {
	return rapid.Custom(func(t *rapid.T) *T {
		if rapid.Bool().Draw(t, "missing") {
			return nil
		}
		return ptr(values.Draw(t, "value"))
	})
}

// fewTexts draws from a handful, so that lists overlap and repeat.
func fewTexts(values ...string) *rapid.Generator[[]string] {
	return rapid.SliceOfN(rapid.SampledFrom(values), 0, 4)
}

func moments() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		zone := rapid.SampledFrom([]*time.Location{time.UTC, time.FixedZone("", 3600)}).Draw(t, "zone")
		return time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "unix"), 0).In(zone)
	})
}

func requirementsOf() *rapid.Generator[account.Requirements] {
	names := fewTexts("external_account", "company.tax_id", "person.verification.document")
	reasons := rapid.SampledFrom([]string{
		"", "", "", "requirements.past_due", "requirements.pending_verification", "under_review", "listed", "other",
		"platform_paused", "rejected.fraud", "rejected.platform_other", "fields_needed", "new.reason",
	})
	errs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) account.RequirementError {
		return account.RequirementError{
			Requirement: rapid.SampledFrom([]string{"external_account", "company.tax_id"}).Draw(t, "requirement"),
			Code:        rapid.SampledFrom([]string{"", "invalid_value"}).Draw(t, "code"),
			Reason:      rapid.SampledFrom([]string{"", "Not readable."}).Draw(t, "reason"),
		}
	}), 0, 3)
	return rapid.Custom(func(t *rapid.T) account.Requirements {
		return account.Requirements{
			CurrentlyDue:        names.Draw(t, "currently_due"),
			PastDue:             names.Draw(t, "past_due"),
			EventuallyDue:       names.Draw(t, "eventually_due"),
			PendingVerification: names.Draw(t, "pending_verification"),
			Errors:              errs.Draw(t, "errors"),
			DisabledReason:      reasons.Draw(t, "disabled_reason"),
			CurrentDeadline:     maybe(moments()).Draw(t, "current_deadline"),
		}
	})
}

// facts draws accounts of which any part may be missing; most switches are on, so that there are enough yeses.
func facts() *rapid.Generator[account.Facts] {
	mostly := rapid.SampledFrom([]*bool{ptr(true), ptr(true), ptr(true), ptr(true), ptr(false), nil})
	statuses := rapid.SampledFrom([]string{"active", "active", "active", "inactive", "pending", "new_status"})
	capabilities := rapid.MapOfN(rapid.SampledFrom([]string{"card_payments", "transfers", "legacy_payments"}), statuses, 0, 3)
	return rapid.Custom(func(t *rapid.T) account.Facts {
		return account.Facts{
			Connected:          rapid.SampledFrom([]bool{true, true, true, false}).Draw(t, "connected"),
			Type:               rapid.SampledFrom([]string{"", "standard", "new_type"}).Draw(t, "type"),
			DisplayName:        rapid.SampledFrom([]string{"", "Ada's Bakery"}).Draw(t, "display_name"),
			Country:            rapid.SampledFrom([]string{"", "US", "IE", "JP"}).Draw(t, "country"),
			DefaultCurrency:    rapid.SampledFrom([]string{"", "usd", "eur", "jpy"}).Draw(t, "default_currency"),
			ChargesEnabled:     mostly.Draw(t, "charges_enabled"),
			PayoutsEnabled:     mostly.Draw(t, "payouts_enabled"),
			DetailsSubmitted:   mostly.Draw(t, "details_submitted"),
			Requirements:       maybe(requirementsOf()).Draw(t, "requirements"),
			FutureRequirements: maybe(requirementsOf()).Draw(t, "future_requirements"),
			Capabilities:       capabilities.Draw(t, "capabilities"),
		}
	})
}

func policies() *rapid.Generator[account.Policy] {
	return rapid.Custom(func(t *rapid.T) account.Policy {
		return account.Policy{
			Countries:            fewTexts("US", "IE").Draw(t, "countries"),
			Currencies:           fewTexts("usd", "eur").Draw(t, "currencies"),
			RequirePayouts:       rapid.Bool().Draw(t, "require_payouts"),
			RequiredCapabilities: fewTexts("card_payments", "transfers").Draw(t, "required_capabilities"),
		}
	})
}

func plainly(b *bool) bool { return b != nil && *b }

// forAll checks a property of the verdict on random facts under a random policy.
func forAll(t *testing.T, holds func(*rapid.T, account.Facts, account.Policy, account.Verdict)) {
	t.Helper()
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		f, p := facts().Draw(rt, "facts"), policies().Draw(rt, "policy")
		holds(rt, f, p, account.Judge(f, p))
	})
}

// The facts' parts are missing at random here too: what is missing is no yes.
func TestCanTransactImpliesConnectedChargesAndDetails(t *testing.T) {
	forAll(t, func(t *rapid.T, f account.Facts, p account.Policy, v account.Verdict) {
		if !v.CanTransact {
			return
		}
		if !f.Connected || !plainly(f.ChargesEnabled) || !plainly(f.DetailsSubmitted) {
			t.Fatal("a yes without connection, charges or details")
		}
		if p.RequirePayouts && !plainly(f.PayoutsEnabled) {
			t.Fatal("a yes without the payouts that policy requires")
		}
	})
}

func TestCanTransactIsWhatItsPartsSay(t *testing.T) {
	forAll(t, func(t *rapid.T, _ account.Facts, p account.Policy, v account.Verdict) {
		want := v.CanAcceptPayments && (v.CanReceivePayouts || !p.RequirePayouts)
		if v.CanTransact != want {
			t.Fatalf("can transact: %t, its parts say %t", v.CanTransact, want)
		}
	})
}

func TestEveryNoSaysWhoMustAct(t *testing.T) {
	forAll(t, func(t *rapid.T, _ account.Facts, _ account.Policy, v account.Verdict) {
		if v.Reasons == nil {
			t.Fatal("reasons are nil")
		}
		if !v.CanTransact && len(v.Reasons) == 0 {
			t.Fatal("a no without a reason")
		}
		who := []account.Who{account.Seller, account.Platform, account.Stripe}
		for _, r := range v.Reasons {
			if r.Code == "" || r.Message == "" || !slices.Contains(who, r.Who) {
				t.Fatalf("a reason that does not say who must act: %+v", r)
			}
		}
	})
}

func TestEveryStatusButEnabledHasAReason(t *testing.T) {
	forAll(t, func(t *rapid.T, _ account.Facts, _ account.Policy, v account.Verdict) {
		if (v.Status == account.Enabled) != (len(v.Reasons) == 0) {
			t.Fatalf("status %s with %d reasons", v.Status, len(v.Reasons))
		}
	})
}

func TestUnlinkIsAllowedExactlyWhereItCantHurt(t *testing.T) {
	forAll(t, func(t *rapid.T, f account.Facts, _ account.Policy, v account.Verdict) {
		want := f.Connected && (!v.CanTransact || f.DisplayName == "")
		if v.AllowUnlink != want {
			t.Fatalf("allow unlink: %t, want %t", v.AllowUnlink, want)
		}
	})
}

func TestOnlyTheAbleAreAtRisk(t *testing.T) {
	forAll(t, func(t *rapid.T, _ account.Facts, _ account.Policy, v account.Verdict) {
		if v.AtRiskAt != nil && (!v.CanTransact || len(v.Reasons) == 0) {
			t.Fatalf("at risk, can transact: %t, %d reasons", v.CanTransact, len(v.Reasons))
		}
	})
}

// What says yes can be missing only as a no.
func TestAMissingYesIsANo(t *testing.T) {
	drops := map[string]func(*account.Facts){
		"connected":         func(f *account.Facts) { f.Connected = false },
		"charges_enabled":   func(f *account.Facts) { f.ChargesEnabled = nil },
		"details_submitted": func(f *account.Facts) { f.DetailsSubmitted = nil },
	}
	forAll(t, func(t *rapid.T, f account.Facts, p account.Policy, _ account.Verdict) {
		name := rapid.SampledFrom(slices.Sorted(keys(drops))).Draw(t, "dropped")
		drops[name](&f)
		if account.Judge(f, p).CanTransact {
			t.Fatalf("a yes without %s", name)
		}
	})
}

// What neither says yes nor no can be missing without a change: the verdict knows no more and no less.
func TestWhatDecidesNothingMayBeMissing(t *testing.T) {
	drops := map[string]func(*account.Facts){
		"type":                func(f *account.Facts) { f.Type = "" },
		"display_name":        func(f *account.Facts) { f.DisplayName = "" },
		"future_requirements": func(f *account.Facts) { f.FutureRequirements = nil },
		"requirements but the reason": func(f *account.Facts) {
			if f.Requirements != nil {
				f.Requirements = &account.Requirements{DisabledReason: f.Requirements.DisabledReason}
			}
		},
	}
	forAll(t, func(t *rapid.T, f account.Facts, p account.Policy, before account.Verdict) {
		name := rapid.SampledFrom(slices.Sorted(keys(drops))).Draw(t, "dropped")
		drops[name](&f)
		if after := account.Judge(f, p); after.CanTransact != before.CanTransact {
			t.Fatalf("without %s: can transact %t, with it %t", name, after.CanTransact, before.CanTransact)
		}
	})
}

// What can only say no (country, currency, capabilities, disabled_reason) is never what a yes hangs on.
func TestAMissingNoNeverTakesAYes(t *testing.T) {
	drops := map[string]func(*account.Facts){
		"country":          func(f *account.Facts) { f.Country = "" },
		"default_currency": func(f *account.Facts) { f.DefaultCurrency = "" },
		"capabilities":     func(f *account.Facts) { f.Capabilities = nil },
		"requirements":     func(f *account.Facts) { f.Requirements = nil },
	}
	forAll(t, func(t *rapid.T, f account.Facts, p account.Policy, before account.Verdict) {
		name := rapid.SampledFrom(slices.Sorted(keys(drops))).Draw(t, "dropped")
		drops[name](&f)
		if before.CanTransact && !account.Judge(f, p).CanTransact {
			t.Fatalf("a no for want of %s", name)
		}
	})
}

func TestJudgeLeavesItsInputAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f, p := facts().Draw(t, "facts"), policies().Draw(t, "policy")
		wantFacts, wantPolicy := copyOf(f), copyOfPolicy(p)
		first := account.Judge(f, p)
		if diff := cmp.Diff(wantFacts, f) + cmp.Diff(wantPolicy, p); diff != "" {
			t.Fatalf("changed by Judge:\n%s", diff)
		}
		if diff := cmp.Diff(first, account.Judge(f, p)); diff != "" {
			t.Fatalf("another verdict of the same facts:\n%s", diff)
		}
	})
}
