package sandbox_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/sandbox"
)

func (r *running) object(id string) map[string]any {
	r.t.Helper()
	a := r.api(http.MethodGet, "/v1/accounts/"+id, "")
	if a.status != http.StatusOK {
		r.t.Fatalf("retrieve %s: %d %s", id, a.status, a.body)
	}
	var object map[string]any
	a.into(r.t, &object)
	return object
}

// shape is what platforms look at first.
type shape struct {
	Charges, Payouts, Details         bool
	Cards, Transfers                  string
	Disabled                          string
	Due, Past, Eventually, Pending    int
	Errors                            int
	Deadline, Named, InPolicysCountry bool
}

func shapeOf(o map[string]any) shape {
	req := o["requirements"].(map[string]any)
	caps := o["capabilities"].(map[string]any)
	length := func(name string) int { return len(req[name].([]any)) }
	s := shape{
		Charges: o["charges_enabled"].(bool), Payouts: o["payouts_enabled"].(bool), Details: o["details_submitted"].(bool),
		Cards: caps["card_payments"].(string), Transfers: caps["transfers"].(string),
		Due: length("currently_due"), Past: length("past_due"), Eventually: length("eventually_due"),
		Pending: length("pending_verification"), Errors: length("errors"), Deadline: req["current_deadline"] != nil,
	}
	s.Disabled, _ = req["disabled_reason"].(string)
	profile := o["business_profile"].(map[string]any)["name"] != nil
	dashboard := o["settings"].(map[string]any)["dashboard"].(map[string]any)["display_name"] != nil
	s.Named = profile || dashboard || o["display_name"] != nil
	for _, code := range sandbox.Countries() {
		s.InPolicysCountry = s.InPolicysCountry || code == o["country"]
	}
	return s
}

func TestEveryPersonaStandsAsItsNameSays(t *testing.T) {
	t.Parallel()
	s := start(t)
	works := shape{
		Charges: true, Payouts: true, Details: true, Cards: "active", Transfers: "active", Named: true, InPolicysCountry: true,
	}
	but := func(base shape, change func(*shape)) shape {
		change(&base)
		return base
	}
	stopped := shape{Details: true, Cards: "inactive", Transfers: "inactive", Named: true, InPolicysCountry: true}
	want := map[string]shape{
		"complete":        works,
		"enabled":         but(works, func(s *shape) { s.Eventually = 1 }),
		"restricted_soon": but(works, func(s *shape) { s.Due, s.Eventually, s.Deadline = 1, 1, true }),
		"restricted": but(stopped, func(s *shape) {
			s.Due, s.Past, s.Eventually, s.Disabled = 2, 2, 2, "requirements.past_due"
		}),
		"no_payouts": but(works, func(s *shape) { s.Payouts, s.Disabled = false, "other" }),
		"no_charges": but(stopped, func(s *shape) { s.Payouts, s.Disabled = true, "other" }),
		"no_cards":   but(works, func(s *shape) { s.Cards = "inactive" }),
		"document_failed": but(stopped, func(s *shape) {
			s.Due, s.Past, s.Eventually, s.Errors, s.Disabled = 1, 1, 1, 1, "requirements.past_due"
		}),
		"incomplete": but(stopped, func(s *shape) {
			s.Due, s.Past, s.Eventually, s.Disabled = 6, 6, 6, "requirements.past_due"
			s.Details, s.Named = false, false
		}),
		"in_review":   but(stopped, func(s *shape) { s.Pending, s.Disabled = 1, "requirements.pending_verification" }),
		"rejected":    but(stopped, func(s *shape) { s.Disabled = "rejected.fraud" }),
		"unsupported": but(works, func(s *shape) { s.InPolicysCountry = false }),
		"nameless":    but(works, func(s *shape) { s.Named = false }),
	}
	if len(want) != len(sandbox.Personas()) {
		t.Fatalf("personas are %v", sandbox.Personas())
	}
	for _, name := range sandbox.Personas() {
		for range 5 {
			if diff := cmp.Diff(want[name], shapeOf(s.object(s.account(name)))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}

func TestNamesAndCountriesVaryAndStay(t *testing.T) {
	t.Parallel()
	s := start(t)
	names, countries := map[any]bool{}, map[any]bool{}
	for range 40 {
		id := s.account("complete")
		first, again := s.object(id), s.object(id)
		if diff := cmp.Diff(first, again); diff != "" {
			t.Fatalf("account %s changed by itself:\n%s", id, diff)
		}
		names[first["business_profile"].(map[string]any)["name"]] = true
		countries[first["country"]] = true
	}
	if len(names) < 10 || len(countries) < 4 {
		t.Errorf("40 accounts have %d names and %d countries", len(names), len(countries))
	}
}
