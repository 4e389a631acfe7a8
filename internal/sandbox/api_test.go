package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSameIdempotencyKeyDoesTheWorkOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	post := func(path, form string) answer {
		req := s.request(http.MethodPost, path, form)
		req.SetBasicAuth(s.Platform().Key, "")
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Idempotency-Key", "key")
		return s.do(req)
	}
	refused := post("/v1/accounts", "type=none")
	first, again := post("/v1/accounts", "type=express&country=DE"), post("/v1/accounts", "country=DE&type=express")
	if refused.status != http.StatusBadRequest || first.status != http.StatusOK || first.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("refused %d, first %d %v", refused.status, first.status, first.header)
	}
	if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("again: %v %s", again.header, again.body)
	}
	other := post("/v1/accounts", "type=express&country=FR")
	if other.status != http.StatusBadRequest || !strings.Contains(other.body, `"type":"idempotency_error"`) {
		t.Errorf("other parameters: %d %s", other.status, other.body)
	}
}

func TestRefusalsNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.account("complete")
	for name, test := range map[string]struct {
		method, path, form string
		status             int
		says               string
	}{
		"unknown parameter":         {http.MethodPost, "/v1/accounts/" + id, "colour=red", 400, `"param":"colour"`},
		"unknown query parameter":   {http.MethodGet, "/v1/accounts/" + id + "?colour=red", "", 400, `"code":"parameter_unknown"`},
		"missing parameter":         {http.MethodPost, "/v1/accounts/" + id + "/reject", "", 400, `"code":"parameter_missing"`},
		"text where an object goes": {http.MethodPost, "/v1/accounts/" + id, "settings=x", 400, "Invalid object"},
		"word where a number goes": {
			http.MethodPost, "/v1/accounts/" + id, "settings[payouts][schedule][delay_days]=soon", 400, "Invalid integer",
		},
		"word for a truth value": {
			http.MethodPost, "/v1/accounts/" + id, "settings[payouts][debit_negative_balances]=perhaps", 400, "Invalid boolean",
		},
		"clashing keys":   {http.MethodPost, "/v1/accounts/" + id, "metadata=a&metadata[b]=c", 400, "metadata[b]"},
		"open bracket":    {http.MethodPost, "/v1/accounts/" + id, "metadata[b=c", 400, "Invalid parameter name"},
		"bad UTF-8":       {http.MethodPost, "/v1/accounts/" + id, "email=%ff", 400, "UTF-8"},
		"large body":      {http.MethodPost, "/v1/accounts/" + id, "email=" + strings.Repeat("a", 1<<20), 413, "1 MiB"},
		"unknown URL":     {http.MethodGet, "/v1/nothing", "", 404, "Unrecognized request URL (GET: /v1/nothing)"},
		"wrong method":    {http.MethodPut, "/v1/accounts/" + id, "", 404, "Unrecognized request URL"},
		"negative page":   {http.MethodGet, "/v1/accounts?limit=-1", "", 400, `"param":"limit"`},
		"word for a page": {http.MethodGet, "/v1/accounts?limit=ten", "", 400, `"param":"limit"`},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.api(test.method, test.path, test.form)
			if a.status != test.status || !strings.Contains(a.body, test.says) || !strings.HasPrefix(a.body, `{"error":{`) {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

func TestEmptyValueUnsetsAKeyOfMetadata(t *testing.T) {
	t.Parallel()
	s := start(t)
	var product struct{ ID string }
	s.api(http.MethodPost, "/v1/products", "name=Tea&metadata[none]=").into(t, &product)
	for _, path := range []string{"/v1/accounts/" + s.account("complete"), "/v1/products/" + product.ID} {
		s.api(http.MethodPost, path, "metadata[kept]=a&metadata[gone]=b")
		var changed struct{ Metadata map[string]string }
		s.api(http.MethodPost, path, "metadata[gone]=").into(t, &changed)
		if diff := cmp.Diff(map[string]string{"kept": "a"}, changed.Metadata); diff != "" {
			t.Errorf("%s: metadata (-want +got):\n%s", path, diff)
		}
	}
}

// TestTruthValuesArePythonsToo: Stripe's SDK for Python writes them with a capital.
func TestTruthValuesArePythonsToo(t *testing.T) {
	t.Parallel()
	s := start(t)
	for text, want := range map[string]bool{"True": true, "False": false, "true": true, "false": false} {
		var product struct{ Active bool }
		s.api(http.MethodPost, "/v1/products", "name=Tea&active="+text).into(t, &product)
		if product.Active != want {
			t.Errorf("active=%s makes it %v", text, product.Active)
		}
	}
}

func TestJSONBodyIsRefusedAsStripeDoes(t *testing.T) {
	t.Parallel()
	s := start(t)
	req := s.request(http.MethodPost, "/v1/accounts", `{"type":"express"}`)
	req.Header.Set("Authorization", "Bearer "+s.Platform().Key)
	req.Header.Set("Content-Type", "application/json")
	if a := s.do(req); a.status != http.StatusBadRequest || !strings.Contains(a.body, "application/x-www-form-urlencoded") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestStripeAccountActsOnThatAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.account("complete")
	get := func(account string) answer {
		req := s.request(http.MethodGet, "/v1/account", "")
		req.Header.Set("Authorization", "Bearer "+s.Platform().Key)
		req.Header.Set("Stripe-Account", account)
		return s.do(req)
	}
	var got struct{ ID string }
	get(id).into(t, &got)
	if got.ID != id {
		t.Errorf("acted on %s, not on %s", got.ID, id)
	}
	if a := get("acct_nobody"); a.status != http.StatusForbidden || !strings.Contains(a.body, "account_invalid") {
		t.Errorf("account of nobody: %d %s", a.status, a.body)
	}
}

// TestConnectedAccountHasNoAccounts: what belongs to the platform alone is not there for its accounts.
func TestConnectedAccountHasNoAccounts(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, other := s.account("complete"), s.account("complete")
	for name, test := range map[string]struct {
		method, path string
		status       int
		says         string
	}{
		"create":             {http.MethodPost, "/v1/accounts", 403, "Connect platforms cannot create new accounts on behalf of their connected accounts."},
		"list":               {http.MethodGet, "/v1/accounts", 403, `"code":"platform_account_required"`},
		"another":            {http.MethodGet, "/v1/accounts/" + other, 403, `"code":"account_invalid"`},
		"change of another":  {http.MethodPost, "/v1/accounts/" + other, 403, `"code":"account_invalid"`},
		"the platform":       {http.MethodGet, "/v1/accounts/" + s.Platform().Account, 403, `"code":"account_invalid"`},
		"link of another":    {http.MethodPost, "/v1/account_links", 403, `"code":"account_invalid"`},
		"itself":             {http.MethodGet, "/v1/accounts/" + id, 200, id},
		"a change of itself": {http.MethodPost, "/v1/accounts/" + id, 200, id},
	} {
		t.Run(name, func(t *testing.T) {
			form := ""
			if test.path == "/v1/account_links" {
				form = "account=" + other + "&type=account_onboarding&refresh_url=https://a.example&return_url=https://a.example"
			}
			req := s.request(test.method, test.path, form)
			req.Header.Set("Authorization", "Bearer "+s.Platform().Key)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Stripe-Account", id)
			if a := s.do(req); a.status != test.status || !strings.Contains(a.body, test.says) {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

func TestPlatformsDoNotSeeEachOthersAccounts(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.account("complete")
	var other struct{ Account, Key string }
	s.control("/sandbox/platforms", "{}").into(t, &other)
	req := s.request(http.MethodGet, "/v1/accounts/"+id, "")
	req.Header.Set("Authorization", "Bearer "+other.Key)
	if a := s.do(req); a.status != http.StatusForbidden {
		t.Errorf("other platform's retrieve: %d %s", a.status, a.body)
	}
}

// TestRestrictedKeyLacksWhatItLacks: it is refused in Stripe's words, by the name that the permission has there.
func TestRestrictedKeyLacksWhatItLacks(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.account("complete")
	var made struct{ Key string }
	s.control("/sandbox/keys", `{"without":["accounts","prices"]}`).into(t, &made)
	ask := func(method, path string) answer {
		req := s.request(method, path, "")
		req.Header.Set("Authorization", "Bearer "+made.Key)
		return s.do(req)
	}
	if a := ask(http.MethodGet, "/v1/balance"); a.status != http.StatusOK {
		t.Errorf("what it has: %d %s", a.status, a.body)
	}
	for asked, lacks := range map[[2]string]string{
		{http.MethodGet, "/v1/accounts/" + id}:  "rak_accounts_kyc_basic_read",
		{http.MethodGet, "/v1/account"}:         "rak_accounts_kyc_basic_read",
		{http.MethodPost, "/v1/accounts/" + id}: "rak_connected_account_write",
		{http.MethodPost, "/v1/prices"}:         "rak_plan_write",
	} {
		var refused struct {
			Error struct{ Type, Code, Message string }
		}
		a := ask(asked[0], asked[1])
		a.into(t, &refused)
		want := "The provided key '" + made.Key[:8] + "****" + made.Key[len(made.Key)-4:] + "' does not have the required permissions " +
			"for this endpoint on account '" + s.Platform().Account + "'. Having the '" + lacks +
			"' permission would allow this request to continue."
		if e := refused.Error; a.status != http.StatusForbidden || e.Type != "invalid_request_error" || e.Code != "" || e.Message != want {
			t.Errorf("%v: %d %s", asked, a.status, a.body)
		}
	}
}

func TestMergePatchMayTakeAnyPartAway(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.account("restricted")
	s.control("/sandbox/accounts/"+id, `{"requirements":null,"capabilities":null,"charges_enabled":null,"country":null,
		"settings":{"dashboard":{"display_name":null}},"business_type":null,"display_name":"Old <Name>"}`)
	o := s.object(id)
	for _, gone := range []string{"requirements", "capabilities", "charges_enabled", "country"} {
		if _, there := o[gone]; there {
			t.Errorf("%s is still there", gone)
		}
	}
	if name, there := o["settings"].(map[string]any)["dashboard"].(map[string]any)["display_name"]; name != nil || !there {
		t.Errorf("display_name is %v", name)
	}
	if kind, there := o["business_type"]; kind != nil || !there || o["display_name"] != "Old <Name>" {
		t.Errorf("business_type is %v, display_name %v", kind, o["display_name"])
	}
	readSpecification(t).check(t, "/v1/accounts/{account}", "get", s.api(http.MethodGet, "/v1/accounts/"+id, ""))
	s.control("/sandbox/accounts/"+id, `{"charges_enabled":true}`)
	if s.object(id)["charges_enabled"] != true {
		t.Error("charges_enabled did not come back")
	}
}

// TestMergePatchIsRefusedThatMakesNoAccountOfStripes names what is wrong, and changes nothing.
func TestMergePatchIsRefusedThatMakesNoAccountOfStripes(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.account("document_failed")
	before := s.do(s.request(http.MethodGet, "/sandbox/accounts/"+id, "")).body
	for patch, says := range map[string]string{
		`{"charges_enabled":"no"}`:                        `charges_enabled must be true or false, not \"no\".`,
		`{"country":7}`:                                   "country must be a text, not 7.",
		`{"created":1.5}`:                                 "created must be a whole number, not 1.5.",
		`{"requirements":"none"}`:                         `requirements must be an object, not \"none\".`,
		`{"requirements":{"currently_due":"a"}}`:          `requirements.currently_due must be a list, not \"a\".`,
		`{"requirements":{"currently_due":["a",null]}}`:   "requirements.currently_due[1] can't be null.",
		`{"requirements":{"errors":[{"code":"odd"}]}}`:    "requirements.errors[0].code must be one of ",
		`{"requirements":{"errors":[{"reason":"Odd."}]}}`: "requirements.errors[0].code can't be taken away.",
		`{"capabilities":{"transfers":"perhaps"}}`:        `capabilities.transfers must be one of active, inactive, or pending, not \"perhaps\".`,
		`{"controller":{"type":null}}`:                    "controller.type can't be taken away.",
		`{"type":"premium"}`:                              "type must be one of custom, express, or standard",
		`{"metadata":{"n":1}}`:                            "metadata.n must be a text, not 1.",
		`{"external_accounts":{"data":[{"object":"x"}]}}`: "external_accounts.data[0]",
		`{"charge_enabled":false}`:                        "charge_enabled is nothing that Stripe has there: it has business_profile, ",
		`{"settings":{"dashboard":{"name":"A"}}}`:         "settings.dashboard.name is nothing that Stripe has there: it has display_name, timezone.",
	} {
		a := s.do(s.request(http.MethodPost, "/sandbox/accounts/"+id, patch))
		if a.status != http.StatusBadRequest || !strings.Contains(a.body, says) {
			t.Errorf("%s: %d %s", patch, a.status, a.body)
		}
	}
	if after := s.do(s.request(http.MethodGet, "/sandbox/accounts/"+id, "")).body; after != before {
		t.Errorf("the account was\n%s\nand is\n%s", before, after)
	}
	s.control("/sandbox/accounts/"+id, `{"capabilities":{"satellite_payments":"active"}}`) // Stripe adds some every year
}
