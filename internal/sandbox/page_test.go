package sandbox_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/sandbox"
)

func (r *running) press(path string, form url.Values) answer {
	r.t.Helper()
	req := r.request(http.MethodPost, path, form.Encode())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r.do(req)
}

func TestPageChangesAccountsWithoutScripts(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := s.receiver(always(http.StatusOK))
	id := s.account("complete")
	on := "/page/accounts/" + id
	for _, step := range []struct {
		path  string
		form  url.Values
		event string
		holds func(object map[string]any) bool
	}{
		{
			on + "/switch",
			url.Values{"member": {"charges_enabled"}, "on": {"false"}},
			"account.updated",
			func(o map[string]any) bool { return o["charges_enabled"] == false },
		},
		{
			on + "/due",
			url.Values{"currently_due": {"external_account\r\ncompany.tax_id"}, "deadline": {"2099-01-02T03:04"}},
			"account.updated",
			func(o map[string]any) bool {
				req := o["requirements"].(map[string]any)
				return len(req["currently_due"].([]any)) == 2 && req["current_deadline"] == 4071006240.0
			},
		},
		{
			on + "/checkout",
			url.Values{"amount": {"700"}, "currency": {"EUR"}},
			"checkout.session.completed",
			func(o map[string]any) bool { return o["amount_total"] == 700.0 && o["currency"] == "eur" },
		},
		{on + "/deauthorize", nil, "account.application.deauthorized", func(map[string]any) bool { return true }},
	} {
		step.form = mergedValues(step.form, "back", "/?q=here")
		if a := s.press(step.path, step.form); a.status != http.StatusSeeOther || a.header.Get("Location") != "/?q=here" {
			t.Errorf("%s: %d, to %q: %s", step.path, a.status, a.header.Get("Location"), a.body)
		}
		if e := rec.next(); e.Type != step.event || e.Account != id || !step.holds(e.Data.Object) {
			t.Errorf("%s: %s", step.path, e.Body)
		}
	}
	shown := s.do(s.request(http.MethodGet, "/?q="+id, "")).body
	for _, text := range []string{id, "external_account", "2 January 2099", `aria-label="Charges of `, "checkout.session.completed", ">200</span>"} {
		if !strings.Contains(shown, text) {
			t.Errorf("the page does not show %q", text)
		}
	}
}

func mergedValues(form url.Values, name, value string) url.Values {
	merged := url.Values{name: {value}}
	for key, values := range form {
		merged[key] = values
	}
	return merged
}

func TestPageMakesAccountsAndMovesTheClock(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.press("/page/accounts", url.Values{"persona": {"nameless"}})
	s.press("/page/clock", url.Values{"advance": {"672h"}})
	shown := s.do(s.request(http.MethodGet, "/", "")).body
	if !strings.Contains(shown, "No name") || !strings.Contains(shown, "nameless ·") {
		t.Errorf("page: %s", shown)
	}
}

func TestPageRefusesInWords(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.account("complete")
	for name, test := range map[string]struct {
		path   string
		form   url.Values
		status int
	}{
		"another member":    {"/page/accounts/" + id + "/switch", url.Values{"member": {"country"}}, 400},
		"no account":        {"/page/accounts/acct_none/deauthorize", nil, 404},
		"deadline by words": {"/page/accounts/" + id + "/due", url.Values{"deadline": {"soon"}}, 400},
		"amount by words":   {"/page/accounts/" + id + "/checkout", url.Values{"amount": {"much"}}, 400},
		"negative amount":   {"/page/accounts/" + id + "/checkout", url.Values{"amount": {"-1"}}, 400},
		"no event":          {"/page/events/evt_none/redeliver", nil, 404},
		"no persona":        {"/page/accounts", url.Values{"persona": {"hero"}}, 400},
		"clock backwards":   {"/page/clock", url.Values{"advance": {"-1h"}}, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := s.press(test.path, test.form)
			if a.status != test.status || !strings.Contains(a.body, "That did not work") {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

func TestAnotherSiteCanNotPress(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.account("complete")
	for _, path := range []string{"/page/accounts/" + id + "/deauthorize", "/sandbox/accounts/" + id + "/deauthorize"} {
		req := s.request(http.MethodPost, path, "")
		req.Header.Set("Origin", "https://elsewhere.example")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		if a := s.do(req); a.status != http.StatusForbidden {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if a := s.api(http.MethodGet, "/v1/accounts/"+id, ""); a.status != http.StatusOK {
		t.Errorf("account: %d", a.status)
	}
}

func TestBackLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, back := range []string{"https://elsewhere.example", "//elsewhere.example", `/\elsewhere.example`, ""} {
		a := s.press("/page/accounts", url.Values{"persona": {"complete"}, "back": {back}})
		if to := a.header.Get("Location"); to != "/" {
			t.Errorf("back %q leads to %q", back, to)
		}
	}
}

var elsewhere = regexp.MustCompile(`(?:src|href|action)="(?:https?:)?//`)

func TestPagesAskNobodyElseAndRunNothingInline(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.account("complete")
	link := s.link(id)
	grant := "/oauth/authorize?response_type=code&scope=read_write&client_id=" + s.Platform().ClientID + "&redirect_uri=https://p.example/back&state=s"
	for name, path := range map[string]string{
		"overview": "/", "mail": "/mail", "grant": grant, "onboarding": link, "problem": "/c/pay/cs_none",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := s.do(s.request(http.MethodGet, path, ""))
			policy := a.header.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") ||
				!strings.Contains(policy, "frame-ancestors 'none'") {
				t.Errorf("policy: %q", policy)
			}
			if a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("headers: %v", a.header)
			}
			if !strings.Contains(a.body, "This is a SANDBOX") || elsewhere.MatchString(a.body) || strings.Contains(a.body, " style=") {
				t.Errorf("page: %s", a.body)
			}
		})
	}
	for _, asset := range []string{"/assets/sandbox.css", "/assets/sandbox.js"} {
		if a := s.do(s.request(http.MethodGet, asset, "")); a.status != http.StatusOK {
			t.Errorf("%s: %d", asset, a.status)
		}
	}
}

// link is the path of a fresh account link.
func (r *running) link(account string) string {
	r.t.Helper()
	var made struct{ URL string }
	r.api(http.MethodPost, "/v1/account_links", "account="+account+"&type=account_onboarding"+
		"&refresh_url=https://p.example/refresh&return_url=https://p.example/return").into(r.t, &made)
	return strings.TrimPrefix(made.URL, r.URL())
}

func TestGrantPageHasAButtonForEachPersona(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.account("complete")
	page := html.UnescapeString(s.do(s.request(http.MethodGet, "/oauth/authorize?response_type=code&scope=read_write&client_id="+
		s.Platform().ClientID+"&redirect_uri=https://p.example/back&state=s", "")).body)
	for _, name := range append(sandbox.Personas(), "deny") {
		if !strings.Contains(page, `name="persona" value="`+name+`"`) {
			t.Errorf("no button %s", name)
		}
	}
	for _, text := range []string{">Deny</button>", ">no_cards</button>", `name="account" value="` + id + `"`, "https://p.example/back"} {
		if !strings.Contains(page, text) {
			t.Errorf("no %s", text)
		}
	}
}
