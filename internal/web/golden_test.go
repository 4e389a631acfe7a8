package web_test

import (
	"flag"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/registry"
)

var update = flag.Bool("update", false, "write the pages to testdata instead of comparing them")

// TestPages holds every page to its copy in testdata. After a change that is meant: go test ./internal/web -update
func TestPages(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	b, stranger, chinese := s.signedIn(), s.browser(), s.browser()
	empty, emptyOverview := b.get("/admin/accounts"), b.get("/admin")
	working, due, broken, nameless, fresh, former := s.examples()
	s.countAll()
	overview := b.get("/admin")
	denied := s.linkWith(onboarding.LinkParams{SellerID: "seller_denied", ReturnURL: "https://shop.example/done"})

	b.post("/admin/accounts/acct_due/notes", url.Values{"note": {"Called on Monday.\nSends the <tax number> this week."}}).want(http.StatusSeeOther)
	s.status = wellStatus()
	well, noEndpoints := b.get("/statusz"), b.get("/admin/endpoints")
	s.status = faultyStatus()
	s.sent()
	s.mailed()

	keys, made, revoke := s.exampleKeys(b)
	s.exec(`update onboarding_links set expires_at = expires_at + interval '1 min' * (10 * length(seller_id) + ascii(right(seller_id, 1)))`) // else their order is by chance
	for name, p := range map[string]*page{
		"endpoints_none":        noEndpoints,
		"endpoints":             b.get("/admin/endpoints"),
		"endpoints_new":         b.post("/admin/endpoints/new", url.Values{"url": {"https://10.0.0.1/"}, "which": {"some"}, "types": {"scan.finished"}}),
		"endpoint":              b.get("/admin/endpoints/ep_failing"),
		"endpoint_off":          b.get("/admin/endpoints/ep_off?confirm=delete"),
		"endpoint_rotate":       b.get("/admin/endpoints/ep_well?confirm=rotate&state=failed"),
		"deliveries":            b.get("/admin/deliveries"),
		"deliveries_none":       b.get("/admin/deliveries?type=scan.finished&state=failed"),
		"delivery":              b.get("/admin/deliveries/dlv_2"),
		"mails":                 b.get("/admin/mail"),
		"mails_seller":          b.get("/admin/mail?seller_id=seller_b&state=sent"),
		"links":                 b.get("/admin/links"),
		"links_revoke":          b.get("/admin/links?seller_id=seller_a&revoke=" + s.linkOf("seller_a")),
		"links_none":            b.get("/admin/links?seller_id=nobody"),
		"keys":                  keys,
		"keys_made":             made,
		"keys_revoke":           revoke,
		"policy":                b.get("/admin/policy"),
		"policy_plan":           b.planned(url.Values{"plan": {"yes"}, "countries": {"US, IE"}, "required_capabilities": {"card_payments, tax_reporting"}}),
		"policy_wrong":          b.get("/admin/policy?plan=yes&countries=UK"),
		"status":                b.get("/statusz"),
		"status_well":           well,
		"settings":              b.get("/admin/settings"),
		"help":                  b.get("/admin/help"),
		"welcome":               b.get("/"),
		"not_found":             b.get("/nothing"),
		"sign_in":               stranger.get("/admin/accounts?status=enabled"),
		"sign_in_wrong":         stranger.post("/admin/accounts", url.Values{"password": {"no"}}),
		"overview_empty":        emptyOverview,
		"overview":              overview,
		"accounts_empty":        empty,
		"accounts":              b.get("/admin/accounts?sort=seller_id&limit=5"),
		"accounts_none":         b.get("/admin/accounts?q=nobody&country=FR"),
		"account_broken":        b.get("/admin/accounts/acct_broken"),
		"account_fresh":         b.get("/admin/accounts/acct_fresh"),
		"account_former":        b.get("/admin/accounts/acct_former"),
		"accounts_columns":      b.get("/admin/accounts?sort=-seller_id&columns=id,status,requirements,at_risk_at,checked_at,next_check_at&due_before=2027-01-01T00:00:00Z"),
		"account_due":           b.get("/admin/accounts/acct_due"),
		"account_link":          b.post("/admin/accounts/acct_due/link", nil),
		"account_unlink":        b.get("/admin/accounts/acct_broken?confirm=unlink"),
		"account_unlink_works":  b.post("/admin/accounts/acct_working/unlink", url.Values{"seller_id": {"seller_x"}}),
		"account_reassign":      b.post("/admin/accounts/acct_due/reassign", url.Values{"seller_id": {"seller_d"}}),
		"account_unknown":       b.get("/admin/accounts/acct_nothing"),
		"connect":               b.get(s.linkWith(onboarding.LinkParams{SellerID: "seller_new", ReturnURL: "https://shop.example/done"})),
		"connect_denied":        stranger.grant(denied, "deny"),
		"connect_working":       b.get(working),
		"connect_due":           b.get(due),
		"connect_broken":        b.get(broken),
		"connect_nameless":      b.get(nameless),
		"connect_unlink":        b.get(nameless + "?confirm=unlink"),
		"connect_fresh":         b.get(fresh),
		"connect_former":        b.get(former),
		"connect_unknown":       b.get("/connect/nothing"),
		"unlink_refused":        b.post(working+"/unlink", nil),
		"callback_stranger":     b.get("/oauth/callback?state=forged"),
		"connect_zh":            chinese.get(s.linkWith(onboarding.LinkParams{SellerID: "seller_zh", ReturnURL: "https://shop.example/done"}) + "?lang=zh-Hans"),
		"connect_broken_zh":     chinese.get(broken + "?lang=zh-Hans"),
		"connect_due_zh":        chinese.get(due + "?lang=zh-Hans"),
		"connect_unlink_zh":     chinese.get(nameless + "?confirm=unlink&lang=zh-Hans"),
		"connect_unknown_zh":    chinese.get("/connect/nothing?lang=zh-Hans"),
		"callback_code_refused": stranger.get(withQuery(t, stranger.wayBack(denied, "complete"), "code", "ac_unknown")),
	} {
		t.Run(name, func(t *testing.T) { p.matches(t, filepath.Join("testdata", name+".html")) })
	}
}

// sent are endpoints as they may do, with what was sent to them.
func (s *site) sent() {
	s.t.Helper()
	s.exec(`insert into event_endpoints (id, url, types, secret, created_at, after_position, answered_at, failing_since, last_failure, disabled_at) values
		('ep_failing', 'https://shop.example/connectd?key=secret', '{seller.connected,scan.finished}', 'whsec_x', $1, 0, null, $1, 'answered 503', null),
		('ep_off', 'https://old.example/', '{}', 'whsec_x', $1, 0, $1, $1, 'no answer within 8s', $1),
		('ep_well', 'https://shop.example/', '{}', 'whsec_x', $1, 0, $1, null, null, null)`, t0)
	s.exec(`insert into deliveries (id, endpoint_id, event_id, type, account_id, body, state, trouble, failed_at, attempts, tries, next_attempt_at, created_at) values
		('dlv_1', 'ep_well', 'msg_1', 'seller.connected', 'acct_due', '{"type":"seller.connected"}', 'delivered', null, null,
			'[{"at":"2026-03-01T12:00:00Z","status":204,"error":null}]', 1, null, $1),
		('dlv_2', 'ep_failing', 'msg_1', 'seller.connected', 'acct_due', '{"type":"seller.connected","data":{"seller_id":"seller_b","name":"<b>"}}', 'pending', 'waiting', null,
			'[{"at":"2026-03-01T12:00:00Z","status":503,"error":"answered 503"}]', 1, $1, $1),
		('dlv_3', 'ep_off', 'msg_1', 'seller.connected', 'acct_due', '{}', 'failed', 'failed', $1, '[]', 0, null, $1),
		('dlv_4', 'ep_gone', 'msg_2', 'test', null, '{}', 'pending', null, null, '[]', 0, $1, $1)`, t0)
}

// exampleKeys are the page of the keys as it may stand, with one that was made just now, and with one that is to be revoked.
func (s *site) exampleKeys(b *browser) (list, made, revoke *page) {
	s.t.Helper()
	made = b.post("/admin/keys/create", b.get("/admin/keys").keyForm("shop", "readiness:read", "onboarding:write")).want(http.StatusOK)
	s.exec(`insert into api_keys (id, name, key_hash, scopes, created_at, expires_at, last_used_at) values
		('key_0000000000000001', 'old shop', '1', '{readiness:read}', $1, $2, $2), ('key_0000000000000002', 'books', '2', '{accounts:read}', $1, null, $3)`,
		t0.Add(-48*time.Hour), t0.Add(-24*time.Hour), t0.Add(-time.Hour))
	s.exec(`insert into audit (at, actor, address, action, subject) values ($1, 'key_0000000000000002', '203.0.113.7', 'replay', 'evt_1')`, t0.Add(-time.Hour))
	return b.get("/admin/keys"), made, b.get("/admin/keys?revoke=key_0000000000000002")
}

var (
	assetHash  = regexp.MustCompile(`/assets/[0-9a-f]{16}/`)
	linkToken  = regexp.MustCompile(`/connect/[A-Za-z0-9_-]{43}`)
	linkID     = regexp.MustCompile(`link_[A-Za-z0-9_-]{16}`)
	keyID      = regexp.MustCompile(`key_[0-9a-f]{16}`)
	keySecret  = regexp.MustCompile(`ck_test_[0-9a-f]{64}`)
	shownHash  = regexp.MustCompile(`shown=\d{9,}`)
	oauthState = regexp.MustCompile(`state=[A-Za-z0-9_-]{43}`)
	ownHost    = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
)

// matches compares what does not differ from run to run.
func (p *page) matches(t *testing.T, file string) {
	t.Helper()
	got := assetHash.ReplaceAllString(p.body, "/assets/HASH/")
	got = linkToken.ReplaceAllString(got, "/connect/TOKEN")
	got = linkID.ReplaceAllString(got, "link_ID")
	got = keyID.ReplaceAllString(got, "key_ID")
	got = keySecret.ReplaceAllString(got, "ck_test_SECRET")
	got = shownHash.ReplaceAllString(got, "shown=HASH")
	got = oauthState.ReplaceAllString(got, "state=STATE")
	got = ownHost.ReplaceAllString(got, "http://HOST")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// examples are accounts as they may stand; the answers are their sellers' pages.
func (s *site) examples() (working, due, broken, nameless, fresh, former string) {
	s.t.Helper()
	soon, past := t0.Add(20*24*time.Hour), t0.Add(-24*time.Hour)
	document := account.RequirementError{
		Requirement: "individual.verification.document", Code: "verification_document_not_readable", Reason: "The document could not be read.",
	}
	off := works("")
	off.ChargesEnabled, off.Country, off.Capabilities = new(bool), "IE", map[string]string{"card_payments": "inactive", "transfers": "active"}
	off.DisplayName = `Kiln & <Sons>`
	off.Requirements = &account.Requirements{
		DisabledReason: "requirements.past_due", PastDue: []string{"individual.verification.document"},
		CurrentlyDue: []string{"individual.verification.document", "external_account"}, EventuallyDue: []string{"person_1AbC.id_number"},
		PendingVerification: []string{"company.tax_id"}, Errors: []account.RequirementError{document}, CurrentDeadline: &past,
	}
	later := works("Blue Kiln")
	later.Requirements = &account.Requirements{CurrentlyDue: []string{"company.tax_id"}, CurrentDeadline: &soon}

	working = s.has("seller_a", "acct_working", works("Amber Press"))
	due = s.has("seller_b", "acct_due", later)
	broken = s.has("seller_c", "acct_broken", off)
	nameless = s.has("seller_d", "acct_nameless", works(""))
	fresh = s.has("seller_e", "acct_fresh", account.Facts{})
	former = s.has("seller_f", "acct_former", works("Old Mill"))
	s.observe(registry.Deauthorized(registry.Event{
		ID: "evt_gone", Type: "account.application.deauthorized", Account: "acct_former", Created: t0.Add(time.Minute),
	}))
	return working, due, broken, nameless, fresh, former
}

func works(name string) account.Facts {
	on := true
	return account.Facts{
		Connected: true, Type: "standard", DisplayName: name, Country: "US", DefaultCurrency: "usd",
		ChargesEnabled: &on, PayoutsEnabled: &on, DetailsSubmitted: &on, Requirements: &account.Requirements{},
		Capabilities: map[string]string{"card_payments": "active", "transfers": "active"},
	}
}

// has connects the seller, and retrieves the facts unless they are empty.
func (s *site) has(sellerID, accountID string, facts account.Facts) string {
	s.t.Helper()
	page := s.link(sellerID)
	s.observe(registry.Granted(registry.Grant{
		SellerID: sellerID, AccountID: accountID, Interval: account.Interval{From: t0.Add(-time.Second), To: t0},
	}))
	if facts.Connected {
		revision, err := s.registry.Revision(s.t.Context(), accountID)
		if err != nil {
			s.t.Fatal(err)
		}
		s.observe(registry.Retrieved(registry.Retrieval{
			AccountID: accountID, Source: registry.OAuth, Revision: revision, RequestID: "req_1",
			Interval: account.Interval{From: t0, To: t0.Add(time.Second)},
		}, facts))
	}
	// The next check is at a random time, so that checks are spread.
	s.exec("update accounts set next_check_at = $1 where next_check_at is not null", t0.Add(28*24*time.Hour))
	return page
}

func (s *site) observe(o registry.Observation) {
	s.t.Helper()
	outs, err := s.registry.Observe(s.t.Context(), []registry.Observation{o})
	if err != nil || outs[0].Result != registry.Applied {
		s.t.Fatalf("%+v (%v)", outs, err)
	}
}
