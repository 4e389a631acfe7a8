package policyfile_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/policyfile"
	"github.com/connectd/connectd/internal/sandbox"
)

const whole = `{"countries":["IE","us"],"currencies":["eur","USD","mru"],"require_payouts":false,"required_capabilities":["card_payments","tax_reporting_us_1099_k"],"deny_when_stale":true}`

func TestAWholePolicyIsRead(t *testing.T) {
	t.Parallel()
	got, wrong := policyfile.Read(strings.NewReader(whole + "\n"))
	want := account.Policy{
		Countries: []string{"IE", "us"}, Currencies: []string{"eur", "USD", "mru"},
		RequiredCapabilities: []string{"card_payments", "tax_reporting_us_1099_k"}, DenyWhenStale: true,
	}
	if diff := cmp.Diff(want, got); diff != "" || len(wrong) > 0 {
		t.Errorf("%v %s", wrong, diff)
	}
}

func TestTheDefaultPolicyIsRead(t *testing.T) {
	t.Parallel()
	shown, err := json.Marshal(account.DefaultPolicy())
	if err != nil {
		t.Fatal(err)
	}
	got, wrong := policyfile.Read(strings.NewReader(string(shown)))
	if diff := cmp.Diff(account.DefaultPolicy(), got); diff != "" || len(wrong) > 0 {
		t.Errorf("%v %s", wrong, diff)
	}
}

func TestWhatIsNoPolicyIsRefused(t *testing.T) {
	t.Parallel()
	none := strings.Repeat("X", 3) // ISO 4217's code for no currency
	for name, c := range map[string]struct{ old, new, says string }{
		"what follows":           {whole, whole + " trailing", "invalid character 't'"},
		"a second":               {whole, whole + whole, "invalid character '{'"},
		"nothing":                {whole, "", "EOF"},
		"null":                   {whole, "null", "countries is missing or null"},
		"a rule is left out":     {`"require_payouts":false,`, "", "require_payouts is missing or null"},
		"a rule is null":         {`"require_payouts":false`, `"require_payouts":null`, "require_payouts is missing or null"},
		"a list is null":         {`["IE","us"]`, `null`, "countries is missing or null"},
		"a country is null":      {`"us"`, `null`, `countries holds ""`},
		"a rule is misspelt":     {"require_payouts", "require_payout", "require_payout"},
		"a rule in another case": {"require_payouts", "Require_Payouts", "Require_Payouts"},
		"a rule stands twice":    {`"deny_when_stale":true`, `"deny_when_stale":true,"deny_when_stale":false`, "duplicate"},
		"a word for yes":         {`true`, `"yes"`, "deny_when_stale"},
		"no country":             {`"us"`, `"XX"`, `countries holds "XX", which is no country code of ISO 3166-1`},
		"Britain":                {`"us"`, `"UK"`, `countries holds "UK", which is no country code of ISO 3166-1: did you mean GB?`},
		"three letters":          {`"us"`, `"USA"`, `countries holds "USA"`},
		"the Union":              {`"us"`, `"EU"`, `countries holds "EU"`},
		"no currency":            {"USD", "zzz", `currencies holds "zzz", which is no currency code of ISO 4217`},
		"currency unknown":       {"USD", none, `currencies holds "` + none + `"`},
		"no name":                {"card_payments", "Card payments", `required_capabilities holds "Card payments"`},
		"an empty name":          {"card_payments", "", `required_capabilities holds ""`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(whole, c.old, c.new, 1)
			if _, wrong := policyfile.Read(strings.NewReader(text)); !strings.Contains(errors.Join(append(wrong, errors.New(""))...).Error(), c.says) {
				t.Errorf("%s: %v, want %q", text, wrong, c.says)
			}
		})
	}
}

// TestAllThatIsWrongIsSaidAtOnce, and countries that sellers of the sandbox are of are none of it.
func TestAllThatIsWrongIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("IE", "UK", "eur", "zzz", "card_payments", "").Replace(whole)
	if _, wrong := policyfile.Read(strings.NewReader(text)); len(wrong) != 3 {
		t.Errorf("%v", wrong)
	}
	for _, code := range sandbox.Countries() {
		if fault := policyfile.CountryFault(code); fault != "" {
			t.Errorf("%s, %s", code, fault)
		}
	}
}
