package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html/atom"

	"github.com/connectd/connectd/internal/account"
)

// filled is what the form that leads there sends as it is.
func (p *page) filled(action string) url.Values {
	p.t.Helper()
	sent := url.Values{}
	for _, form := range p.all(atom.Form) {
		if attr(form, "action") != action {
			continue
		}
		for _, in := range within(form, atom.Input) {
			if attr(in, "type") != "checkbox" || hasAttr(in, "checked") {
				sent.Add(attr(in, "name"), attr(in, "value"))
			}
		}
	}
	return sent
}

// planned is the page of a plan.
func (b *browser) planned(form url.Values) *page {
	b.t.Helper()
	return b.get("/admin/policy?" + form.Encode()).want(http.StatusOK)
}

func TestAPolicyIsPlannedAndThenApplied(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	s.connected("seller_2", "no_payouts")
	id := s.accountOf("seller_1")
	b := s.signedIn()
	page := b.get("/admin/policy").shows("In force: version 1", "by settings", "A seller needs payouts to transact.", "Every account is judged by it.", "The first.")
	form := page.filled("/admin/policy#plan")
	b.planned(form).shows("it is the one in force", "0 would lose and 0 would gain").hides("Apply it")

	form.Set("countries", "za; ch,ZA")
	plan := b.planned(form).shows("countries: with South Africa (ZA), Switzerland (CH); without", "Of 2 connected accounts 1 would lose and 0 would gain",
		"the policy does not support the account’s country country_unsupported 1 0", "seller_1 "+id+" lose Enabled → Unsupported", "Of 1 more the status or its reasons change", "Apply it: 1 lose, 0 gain")
	if _, version, err := s.registry.Policy(t.Context()); err != nil || version != 1 {
		t.Fatalf("a plan made version %d (%v)", version, err)
	}
	to := b.post(plan.button("Apply it: 1 lose, 0 gain"), plan.filled("/admin/policy/apply")).want(http.StatusSeeOther).Header.Get("Location")
	if to != "/admin/policy" || s.applied.Load() != 1 {
		t.Errorf("leads to %s, and %d were told of", to, s.applied.Load())
	}
	after := b.get(to).shows("Version 2 of the policy is in force.", "In force: version 2", "by admin", "South Africa (ZA), Switzerland (CH)", "0 of 2 accounts are judged by it; 2 are left")
	if acts := s.acts("apply_policy"); !cmp.Equal(acts, []string{"admin 127.0.0.1 2"}) {
		t.Errorf("%v", acts)
	}
	b.live(after).want(http.StatusNoContent)
	if err := s.registry.Rejudge(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	now := b.live(after).want(http.StatusOK).shows("Every account is judged by it.")
	b.live(now).want(http.StatusNoContent)

	loose := now.filled("/admin/policy#plan")
	loose.Set("countries", "")
	loose.Del("require_payouts")
	b.planned(loose).shows("countries: South Africa (ZA), Switzerland (CH) → all", "payouts are required no more", "0 would lose and 2 would gain",
		"country_unsupported 0 2", "Stripe has switched payouts off payouts_disabled 0 1")
}

// TestAPolicyIsNotAppliedOverAnother that came in between, of which nobody has seen the plan.
func TestAPolicyIsNotAppliedOverAnother(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	b := s.signedIn()
	form := b.get("/admin/policy").filled("/admin/policy#plan")
	form.Set("countries", "IE")
	apply := b.planned(form).filled("/admin/policy/apply")
	if _, err := s.registry.ApplyPolicy(t.Context(), account.DefaultPolicy(), 1, account.Actor{Name: "cli"}); err != nil {
		t.Fatal(err)
	}
	told := b.post("/admin/policy/apply", apply).want(http.StatusConflict).
		shows("Nothing was changed: this was planned against version 1 of the policy", "In force: version 2")
	again := told.filled("/admin/policy#plan")
	if again.Get("countries") != "IE" || s.applied.Load() != 0 {
		t.Errorf("%v", again)
	}
	b.post("/admin/policy/apply", b.planned(again).filled("/admin/policy/apply")).want(http.StatusSeeOther)
	b.get("/admin/policy/apply").want(http.StatusSeeOther)
	for _, planned := range []string{"", "x", "99999999999"} {
		apply.Set("planned", planned)
		b.post("/admin/policy/apply", apply).want(http.StatusBadRequest).shows("Nothing was changed: plan the policy first.")
	}
	apply.Set("planned", "3")
	apply.Set("countries", "UK")
	b.post("/admin/policy/apply", apply).want(http.StatusBadRequest)
}

func TestAPolicyThatCannotBeIsToldInItsForm(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	form := url.Values{"plan": {"yes"}, "countries": {"UK, IE"}, "currencies": {"zzz"}, "required_capabilities": {"No-Name"}}
	wrong := b.get("/admin/policy?"+form.Encode()).want(http.StatusBadRequest).shows("did you mean GB?", `currencies holds "zzz"`, "which is no capability's name").hides("What it would change")
	if got := wrong.filled("/admin/policy#plan").Get("countries"); got != "UK, IE" {
		t.Errorf("the form holds %q", got)
	}
	for _, query := range []string{"before=x", "plan=yes&page=0", "before=0"} {
		b.get("/admin/policy?" + query).want(http.StatusBadRequest).link("Show the policy")
	}
}

// TestAPlanOfManyGoesOn from request to request, names the first thousand, and says so.
func TestAPlanOfManyGoesOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exec(`insert into sellers (id, created_at) select 's' || i, now() from generate_series(1, 2500) i`)
	s.exec(`insert into accounts (id, seller_id, livemode, status, can_transact, can_accept_payments, can_receive_payouts, allow_unlink, country,
			charges_enabled, payouts_enabled, details_submitted, reasons, policy_version, judge_version, connected_at, granted_from, granted_at, revision, version)
		select format('acct_%s', 10000 + i), 's' || i, false, 'enabled', true, true, true, false, 'US', true, true, true, '[]', 1, 1, now(), now(), now(), 1, 1
		from generate_series(1, 2500) i`)
	b := s.signedIn()
	form := url.Values{"plan": {"yes"}, "countries": {"IE"}}
	first := b.planned(form).shows("Of 1000 connected accounts that were judged so far 1000 would lose").hides("Apply it")
	b.get(first.link("Go on")).shows("Of 2000 connected accounts that were judged so far")
	done := b.planned(form).shows("Of 2500 connected accounts 2500 would lose", "The first 1000 of 2500", "country_unsupported 2500 0", "Apply it: 2500 lose, 0 gain")
	if strings.Contains(done.body, "hx-trigger=\"load") {
		t.Error("it goes on asking")
	}
	pages, seen := 1, strings.Count(done.text(), " lose Enabled → Unsupported")
	for p := done; strings.Contains(p.text(), "Next page"); pages++ {
		p = b.get(p.link("Next page"))
		seen += strings.Count(p.text(), " lose Enabled → Unsupported")
	}
	if pages != 10 || seen != 1000 {
		t.Errorf("%d on %d pages", seen, pages)
	}
}

func TestThePolicysHistoryIsPaged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exec(`insert into policies (version, policy, created_at, created_by)
		select i, jsonb_build_object('countries', array[case i % 2 when 0 then 'IE' else 'DE' end], 'currencies', '[]'::jsonb, 'require_payouts', true,
			'required_capabilities', '[]'::jsonb, 'deny_when_stale', i % 2 = 0), now(), 'cli' from generate_series(2, 45) i`)
	b := s.signedIn()
	newest := b.get("/admin/policy").shows("Version 45", "Version 26", "countries: with Germany (DE); without Ireland (IE)", "a check too long ago becomes a no").hides("Version 25", "Newest")
	older := b.get(newest.link("Older")).shows("Version 25", "Version 6", "In force: version 45", "Newest").hides("Version 5 ")
	b.get(older.link("Older")).shows("Version 5", "Version 1 by settings", "The first.").hides("Older")
}

func TestAPolicyAppliedElsewhereIsFollowed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	shown := b.get("/admin/policy")
	b.live(shown).want(http.StatusNoContent)
	if _, err := s.registry.ApplyPolicy(t.Context(), account.DefaultPolicy(), 1, account.Actor{Name: "cli"}); err != nil {
		t.Fatal(err)
	}
	b.live(shown).want(http.StatusOK).shows("In force: version 2", "by cli")
}
