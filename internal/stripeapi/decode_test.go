package stripeapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/stripeapi"
)

func ptr[T any](v T) *T { return &v }

const fullAccount = `{
	"id": "acct_1", "object": "account", "type": "standard", "country": "ie", "default_currency": "EUR",
	"charges_enabled": true, "payouts_enabled": false, "details_submitted": true,
	"business_profile": {"name": "Ada Ltd", "annual_revenue": null},
	"settings": {"dashboard": {"display_name": "Ada's Bakery", "timezone": "Europe/Dublin"}},
	"capabilities": {"card_payments": "active", "transfers": "pending", "tax_reporting_us_1099_k": null},
	"requirements": {
		"currently_due": ["external_account", "company.tax_id"], "past_due": ["company.tax_id"],
		"eventually_due": ["external_account"], "pending_verification": ["company.verification.document"],
		"errors": [{"requirement": "company.tax_id", "code": "invalid_value_other", "reason": "No such number."}],
		"disabled_reason": "requirements.past_due", "current_deadline": 1700000000, "alternatives": [{"of": "documents"}]
	},
	"future_requirements": {"currently_due": ["representative.phone"], "current_deadline": 1800000000},
	"tos_acceptance": {"ip": "203.0.113.7"}, "a_part_that_stripe_may_add": {"deep": [1, 2, 3]}
}`

func fullFacts() account.Facts {
	return account.Facts{
		Connected: true, Type: "standard", DisplayName: "Ada's Bakery", Country: "IE", DefaultCurrency: "eur",
		ChargesEnabled: ptr(true), PayoutsEnabled: ptr(false), DetailsSubmitted: ptr(true),
		Capabilities: map[string]string{"card_payments": "active", "transfers": "pending"},
		Requirements: &account.Requirements{
			CurrentlyDue: []string{"company.tax_id", "external_account"}, PastDue: []string{"company.tax_id"},
			EventuallyDue: []string{"external_account"}, PendingVerification: []string{"company.verification.document"},
			Errors: []account.RequirementError{
				{Requirement: "company.tax_id", Code: "invalid_value_other", Reason: "No such number."},
			},
			DisabledReason:  "requirements.past_due",
			CurrentDeadline: ptr(time.Unix(1_700_000_000, 0).UTC()),
		},
		FutureRequirements: &account.Requirements{
			CurrentlyDue: []string{"representative.phone"}, PastDue: []string{}, EventuallyDue: []string{},
			PendingVerification: []string{}, Errors: []account.RequirementError{},
			CurrentDeadline: ptr(time.Unix(1_800_000_000, 0).UTC()),
		},
	}
}

func decode(t *testing.T, raw string) account.Facts {
	t.Helper()
	a, err := stripeapi.DecodeAccount([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if a.ID != "acct_1" {
		t.Errorf("id %q", a.ID)
	}
	return a.Facts
}

func TestDecodeReadsWhatStripeSays(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(fullFacts(), decode(t, fullAccount)); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestDecodeKnowsNothingOfWhatIsMissing(t *testing.T) {
	t.Parallel()
	want := account.Facts{Connected: true}
	for _, raw := range []string{
		`{"id":"acct_1"}`,
		`{"id":"acct_1","object":"account","country":null,"charges_enabled":null,"requirements":null,"capabilities":{},"settings":null}`,
		`{"id":"acct_1","charges_enabled":"true","payouts_enabled":1,"details_submitted":{},"requirements":[],"capabilities":"no","country":7}`,
		`{"id":"acct_1","Charges_Enabled":true,"PAYOUTS_ENABLED":true}`,
	} {
		if diff := cmp.Diff(want, decode(t, raw)); diff != "" {
			t.Errorf("%s: facts (-want +got):\n%s", raw, diff)
		}
	}
}

// Each part of the object is left out, nulled and given as something else, one at a time.
func TestDecodeSurvivesAnyPartInAnyForm(t *testing.T) {
	t.Parallel()
	var whole map[string]json.RawMessage
	if err := json.Unmarshal([]byte(fullAccount), &whole); err != nil {
		t.Fatal(err)
	}
	flags := map[string]func(account.Facts) *bool{
		"charges_enabled":   func(f account.Facts) *bool { return f.ChargesEnabled },
		"payouts_enabled":   func(f account.Facts) *bool { return f.PayoutsEnabled },
		"details_submitted": func(f account.Facts) *bool { return f.DetailsSubmitted },
	}
	for key := range whole {
		for _, form := range []string{"", "null", `"x"`, "-1e400", "[]", "[null,{},[],7]", "{}", `{"currently_due":{},"errors":[1,null],"dashboard":[]}`} {
			if key == "id" || key == "object" {
				continue
			}
			broken := maps.Clone(whole)
			delete(broken, key)
			if form != "" {
				broken[key] = json.RawMessage(form)
			}
			f := decode(t, string(encode(broken)))
			if read, isFlag := flags[key]; isFlag && read(f) != nil {
				t.Errorf("%s as %q is taken for %t", key, form, *read(f))
			}
		}
	}
}

func TestOfANameThatComesTwiceTheLastCounts(t *testing.T) {
	t.Parallel()
	f := decode(t, `{"id":"acct_2","charges_enabled":true,"requirements":{"past_due":["a"],"currently_due":["a"]},
		"capabilities":{"card_payments":"active","card_payments":"inactive","transfers":"active","transfers":null},
		"charges_enabled":false,"payouts_enabled":true,"payouts_enabled":null,"requirements":{"currently_due":["b"]},"id":"acct_1"}`)
	want := account.Facts{
		Connected: true, ChargesEnabled: ptr(false), Capabilities: map[string]string{"card_payments": "inactive"},
		Requirements: &account.Requirements{CurrentlyDue: []string{"b"}},
	}
	if diff := cmp.Diff(want.Normalize(), f); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestDecodeTakesEscapedNames(t *testing.T) {
	t.Parallel()
	f := decode(t, `{"\u0069d":"acct_1","charges\u005fenabled":true,"capabilities":{"card\u005fpayments":"act\u0069ve"}}`)
	if f.ChargesEnabled == nil || !*f.ChargesEnabled || f.Capabilities["card_payments"] != "active" {
		t.Errorf("facts %+v", f)
	}
}

// An account that any part is missing of is not read in full; what may be null is not missed.
func TestDecodeSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	var whole map[string]json.RawMessage
	if err := json.Unmarshal([]byte(fullAccount), &whole); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"type", "country", "default_currency", "charges_enabled", "payouts_enabled", "details_submitted", "capabilities",
		"requirements", "future_requirements", "settings",
	} {
		for _, form := range []string{"", "null", "7"} {
			broken := maps.Clone(whole)
			delete(broken, part)
			if form != "" {
				broken[part] = json.RawMessage(form)
			}
			a, err := stripeapi.DecodeAccount(encode(broken))
			if err != nil || len(a.Missing) == 0 || !strings.HasPrefix(a.Missing[0], part) {
				t.Errorf("%s as %q: missing %q, %v", part, form, a.Missing, err)
			}
		}
	}
	for _, null := range []string{"current_deadline", "disabled_reason", "errors"} {
		whole["requirements"] = json.RawMessage(`{"currently_due":[],"past_due":[],"eventually_due":[],"pending_verification":[],"` + null + `":null}`)
		a, err := stripeapi.DecodeAccount(encode(whole))
		if err != nil || len(a.Missing) > 0 {
			t.Errorf("%s as null: missing %q, %v", null, a.Missing, err)
		}
	}
}

func BenchmarkDecodeAccount(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(fullAccount)))
	for b.Loop() {
		if _, err := stripeapi.DecodeAccount([]byte(fullAccount)); err != nil {
			b.Fatal(err)
		}
	}
}

func encode(parts map[string]json.RawMessage) []byte {
	var b strings.Builder
	for i, key := range slices.Sorted(maps.Keys(parts)) {
		fmt.Fprintf(&b, "%c%q:%s", "{,"[min(i, 1)], key, parts[key])
	}
	return []byte(b.String() + "}")
}

func TestDecodeRefusesWhatIsNoAccount(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		``, `null`, `[]`, `"acct_1"`, `{}`, `{"id":""}`, `{"id":7}`, `{"id":null,"object":"account"}`,
		`{"id":"ca_1","object":"application"}`, `{"id":"acct_1"`, `<html>`,
	} {
		if a, err := stripeapi.DecodeAccount([]byte(raw)); err == nil {
			t.Errorf("%q is taken for account %q", raw, a.ID)
		}
	}
}

func TestAnEventsAccountNeedsNoID(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{`{"country":"IE"}`, `{"id":null,"object":"account","country":"IE"}`, `{"id":7,"country":"IE"}`} {
		a, err := stripeapi.DecodeEventAccount([]byte(raw))
		if err != nil || a.Facts.Country != "IE" || !slices.Contains(a.Missing, "id") {
			t.Errorf("%s: %+v, %v", raw, a, err)
		}
	}
	for _, raw := range []string{``, `null`, `[]`, `{"id":"ca_1","object":"application"}`, `{"object":"person"}`} {
		if a, err := stripeapi.DecodeEventAccount([]byte(raw)); err == nil {
			t.Errorf("%q is taken for account %q", raw, a.ID)
		}
	}
}

func TestDisplayNameFallsBack(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ parts, want string }{
		"dashboard first":          {`"settings":{"dashboard":{"display_name":"A"}},"display_name":"B","business_profile":{"name":"C"}`, "A"},
		"then the old top level":   {`"settings":{"dashboard":{"display_name":null}},"display_name":"B","business_profile":{"name":"C"}`, "B"},
		"then the business":        {`"settings":{"dashboard":{"display_name":""}},"business_profile":{"name":"C"}`, "C"},
		"else none":                {`"settings":{},"business_profile":{"name":null}`, ""},
		"blank is none":            {`"settings":{"dashboard":{"display_name":"  "}}`, ""},
		"no NUL, no controls":      {`"display_name":"A\u0000d\u0007a\n"`, "Ada"},
		"no lone surrogates":       {`"display_name":"Ad\ud800a"`, "Ada"},
		"no broken UTF-8":          {"\"display_name\":\"Ad\xff\xc3a\"", "Ada"},
		"of nothing but broken":    {"\"display_name\":\"\xff\\u0000\",\"business_profile\":{\"name\":\"C\"}", "C"},
		"other scripts, unchanged": {`"display_name":"パン屋 Ådå 🥐"`, "パン屋 Ådå 🥐"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := decode(t, `{"id":"acct_1",`+tt.parts+`}`)
			if f.DisplayName != tt.want {
				t.Errorf("display name %q, want %q", f.DisplayName, tt.want)
			}
		})
	}
}

func TestDeadlinesAreUnixSeconds(t *testing.T) {
	t.Parallel()
	at := ptr(time.Date(2023, time.November, 14, 22, 13, 20, 0, time.UTC))
	tests := map[string]*time.Time{
		`1700000000`: at, `"1700000000"`: at, `1.7e9`: at, `1700000000.9`: at,
		`null`: nil, `0`: nil, `-5`: nil, `""`: nil, `"soon"`: nil, `{}`: nil, `1e300`: nil, `"NaN"`: nil, `true`: nil,
		`253402300800`: nil, // the year 10000
	}
	for written, want := range tests {
		f := decode(t, `{"id":"acct_1","requirements":{"current_deadline":`+written+`}}`)
		if diff := cmp.Diff(want, f.Requirements.CurrentDeadline); diff != "" {
			t.Errorf("%s: deadline (-want +got):\n%s", written, diff)
		}
	}
}

func TestCapabilitiesKeepWhatStripeMayAdd(t *testing.T) {
	t.Parallel()
	f := decode(t, `{"id":"acct_1","capabilities":{"new_payments":"new_status","odd":{"status":"active"},"gone":null}}`)
	want := map[string]string{"new_payments": "new_status", "odd": "unknown"}
	if diff := cmp.Diff(want, f.Capabilities); diff != "" {
		t.Errorf("capabilities (-want +got):\n%s", diff)
	}
}

// Before API version 2019-02-19 an account had verification in place of requirements.
func TestDecodeReadsOldVerification(t *testing.T) {
	t.Parallel()
	f := decode(t, `{"id":"acct_1","object":"account","display_name":"Ada's Bakery",
		"charges_enabled":false,"payouts_enabled":false,"details_submitted":false,
		"verification":{"fields_needed":["legal_entity.type","external_account"],"due_by":1700000000,"disabled_reason":"fields_needed"}}`)
	want := &account.Requirements{
		CurrentlyDue: []string{"external_account", "legal_entity.type"}, PastDue: []string{}, EventuallyDue: []string{},
		PendingVerification: []string{}, Errors: []account.RequirementError{},
		DisabledReason: "fields_needed", CurrentDeadline: ptr(time.Unix(1_700_000_000, 0).UTC()),
	}
	if diff := cmp.Diff(want, f.Requirements); diff != "" {
		t.Errorf("requirements (-want +got):\n%s", diff)
	}
}

func FuzzDecodeAccount(f *testing.F) {
	f.Add([]byte(fullAccount))
	f.Add([]byte(`{"id":"acct_1","verification":{"fields_needed":[7]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := stripeapi.DecodeAccount(raw)
		if err != nil {
			return
		}
		if strings.ContainsRune(a.ID+a.Facts.DisplayName, 0) {
			t.Error("a NUL came through")
		}
		if !a.Facts.Connected || !a.Facts.Equal(a.Facts.Normalize()) {
			t.Error("facts are not connected and normalized")
		}
	})
}
