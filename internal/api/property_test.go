package api_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/connectd/connectd/internal/account"
)

func TestAnySellerIDIsAnsweredOrRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	rapid.Check(t, func(rt *rapid.T) {
		id := rapid.OneOf(
			rapid.String(), rapid.StringMatching(`[A-Za-z0-9._:@-]{0,260}`), rapid.StringMatching(`[.]{0,3}[/%]?[a-z]{0,2}`),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		).Draw(rt, "id")
		want := http.StatusOK
		if account.CheckSellerID(id) != nil {
			want = http.StatusUnprocessableEntity
		}
		if got := s.get("/v1/sellers/" + url.PathEscape(id) + "/readiness"); got.status != want {
			rt.Fatalf("%q: %d, want %d: %s", id, got.status, want, got.body)
		}
	})
}

func TestAnyQueryIsAnsweredOrRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.connect("s1", "complete")
	names := []string{"status", "can_transact", "country", "q", "due_before", "checked_before", "at_risk_before", "sort", "limit", "cursor", "x"}
	rapid.Check(t, func(rt *rapid.T) {
		query := url.Values{}
		for range rapid.IntRange(1, 3).Draw(rt, "n") {
			query.Set(rapid.SampledFrom(names).Draw(rt, "name"), rapid.OneOf(
				rapid.String(), rapid.SampledFrom([]string{"enabled", "true", "IE", "-id", "10", "eyJzIjoiLWlkIn0", "9999-12-31T23:59:59Z"}),
			).Draw(rt, "value"))
		}
		got := s.get("/v1/accounts?" + query.Encode())
		if got.status != http.StatusOK && got.status != http.StatusUnprocessableEntity {
			rt.Fatalf("%s: %d %s", query.Encode(), got.status, got.body)
		}
	})
}

// params draws a JSON object of some of the names, with values of any kind, and often of the right one.
func params(t *rapid.T, likely map[string][]any) string {
	object := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(likely)) {
		drawn := rapid.OneOf(
			rapid.SampledFrom(likely[name]), rapid.SampledFrom(likely[name]), rapid.Map(rapid.String(), func(s string) any { return s }),
			rapid.Map(rapid.StringMatching(`(https?:)?//[a-z.@:\\\\/%0-9\x00]{0,20}`), func(s string) any { return s }),
			rapid.SampledFrom([]any{nil, 7, -1.5, true, []string{"x"}, map[string]string{}}),
		).Draw(t, name)
		if rapid.IntRange(0, 4).Draw(t, name+" there") > 0 {
			object[name] = drawn
		}
	}
	body, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestAnyOnboardingParamsAreTakenOrRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ours := []any{"https://shop.test/back", "http://connectd.test", "https://shop.test:443/", "https://shop.test.evil.test/"}
	sellers := []any{"s1", "s2"}
	for path, likely := range map[string]map[string][]any{
		"/v1/onboarding-links": {"seller_id": sellers, "return_url": ours, "email": {"a@b.test"}, "expires_in": {60}},
		"/v1/oauth-states":     {"seller_id": sellers, "redirect_uri": ours},
		"/api/verifyStripe":    {"seller_id": sellers, "code": {"ac_1", ""}, "state": {"x", ""}},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				body := params(rt, likely)
				switch got := s.post(path, body); {
				case got.status == http.StatusCreated:
				case got.status >= 400 && got.status < 500 && bytes.Contains(got.body, []byte(`"location":"body`)):
				case got.status == http.StatusConflict: // a code that was presented for another seller
				default:
					rt.Fatalf("%s: %d %s", body, got.status, got.body)
				}
			})
		})
	}
}

// TestAnySaleIsMadeOrRefused: with what Stripe refuses, too.
func TestAnySaleIsMadeOrRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.connect("s1", "complete")
	urls := []any{"https://shop.test/paid", "http://shop.test/{CHECKOUT_SESSION_ID}", "//shop.test"}
	texts := []any{"Clay", "", "a\x00b", "é", "[]"}
	numbers := []any{1, 15, 12.5, 0, 1e3, 1e30, json.Number("1.0"), json.Number("100.000"), json.Number("0.001"), json.Number("1e2")}
	metadata := []any{map[string]string{"a": "b"}, map[string]string{"userId": "s2"}, map[string]string{"a[b]": ""}, map[string]any{"a": nil}}
	data := []any{map[string]any{"name": "Clay"}, map[string]any{"name": ""}, map[string]any{"images": []string{""}}}
	for path, likely := range map[string]map[string][]any{
		"products": {"name": texts, "description": texts, "url": urls, "images": {urls, []string{}}, "metadata": metadata},
		"checkout-sessions": {
			"success_url": urls, "cancel_url": urls, "metadata": metadata, "application_fee_amount": numbers,
			"application_fee_percent": numbers, "client_reference_id": texts, "line_items": {json.RawMessage(`[` + line(100, 1, "eur") + `]`)},
		},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				body := params(rt, likely)
				if path == "checkout-sessions" && rapid.Bool().Draw(rt, "other lines") {
					price := params(rt, map[string][]any{"currency": {"eur", "jpy", "xxx"}, "unit_amount": numbers, "product_data": data, "tax_behavior": {"inclusive"}})
					item := params(rt, map[string][]any{"quantity": numbers, "price_data": {json.RawMessage(price)}, "price": texts})
					body = session("", item, item)
				}
				switch got := s.sell(path, "", body); {
				case got.status == http.StatusCreated:
				case got.status == http.StatusUnprocessableEntity && bytes.Contains(got.body, []byte(`"location":"body`)):
				case got.status == http.StatusUnprocessableEntity && bytes.Contains(got.body, []byte(`"stripe":{`)):
				default:
					rt.Fatalf("%s: %d %s", body, got.status, got.body)
				}
			})
		})
	}
}
