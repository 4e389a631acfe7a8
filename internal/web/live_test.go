package web_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html/atom"

	"github.com/connectd/connectd/internal/account"
)

// live asks as a page does that shows the answer: for what has changed since.
func (b *browser) live(p *page) *page {
	b.t.Helper()
	for _, kind := range []atom.Atom{atom.Tbody, atom.Div, atom.Span} {
		for _, n := range p.all(kind) {
			if hasAttr(n, "data-live") {
				return b.do(http.MethodGet, attr(n, "hx-get"), nil, http.Header{"HX-Request": {"true"}})
			}
		}
	}
	b.t.Fatalf("%s asks for nothing", p.Request.URL)
	return nil
}

func TestTableIsToldWhatHasChanged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	s.connected("seller_2", "complete")
	b := s.signedIn()
	shown := b.get("/admin/accounts?sort=seller_id&limit=2")
	if now := b.live(shown).want(http.StatusNoContent); now.body != "" {
		t.Errorf("nothing has changed, and the answer is %q", now.body)
	}
	s.report(s.accountOf("seller_2"), "evt_1", time.Now().Add(time.Minute), new(bool))
	now := b.live(shown).want(http.StatusOK)
	if rows := now.rows(); len(rows) != 2 || rows[1][7] != "Restricted" {
		t.Errorf("%v", rows)
	}
	if fresh := now.fresh(); len(fresh) != 1 || !strings.Contains(fresh[0], "seller_2") {
		t.Errorf("fresh are %v", fresh)
	}
	b.live(now).want(http.StatusNoContent)
	if fresh := b.get("/admin/accounts").fresh(); len(fresh) != 0 {
		t.Errorf("to who looks anew %v are fresh", fresh)
	}
}

func (p *page) fresh() []string {
	var rows []string
	for _, tr := range p.all(atom.Tr) {
		if attr(tr, "class") == "fresh" {
			rows = append(rows, textOf(tr))
		}
	}
	return rows
}

func TestAccountPageIsToldWhatWasLearned(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	b, at := s.signedIn(), "/admin/accounts/"+s.accountOf("seller_1")
	shown := b.get(at)
	b.live(shown).want(http.StatusNoContent)
	b.post(at+"/recheck", nil)
	now := b.live(shown).want(http.StatusOK) // it says when the account was checked last
	b.get(at).shows("Checked: this is what Stripe says now.")
	b.live(now).want(http.StatusNoContent)
}

// TestWhatTakesTheFocusHasAnID in what is swapped: by that htmx gives the focus back.
func TestWhatTakesTheFocusHasAnID(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "no_payouts")
	s.connected("seller_2", "complete")
	id := s.accountOf("seller_1")
	b, at := s.signedIn(), "/admin/accounts/"+id
	b.post(at+"/notes", url.Values{"note": {"Called on Monday."}}).want(http.StatusSeeOther)
	s.report(id, "evt_1", time.Now().Add(time.Minute), new(bool))
	s.sent()
	s.mailed()
	swapped := []string{"state", "record", "noted", "rows", "after", "tabs", "sent", "listed", "in-force", "plan", "history"}
	found := 0
	for _, at := range []string{
		at, at + "?before=1&acts_before=1", "/admin/accounts?limit=1", "/admin/endpoints", "/admin/endpoints/ep_off", "/admin/deliveries",
		"/admin/deliveries/dlv_2", "/admin/mail", "/admin/keys", "/admin/links", "/admin/policy?before=1", "/admin/policy?plan=yes&countries=ZA",
	} {
		p := b.get(at)
		for n := range p.root.Descendants() {
			if !slices.Contains(swapped, attr(n, "id")) {
				continue
			}
			for _, e := range slices.Concat(within(n, atom.A), within(n, atom.Button)) {
				found++
				if attr(e, "id") == "" {
					t.Errorf("%s: %q has no id", at, textOf(e))
				}
			}
		}
	}
	if found < 25 {
		t.Errorf("only %d were looked at", found)
	}
}

func TestAccountPageIsToldOfAPolicy(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	b := s.signedIn()
	shown := b.get("/admin/accounts/" + s.accountOf("seller_1")).shows("Can transact")
	elsewhere := account.DefaultPolicy()
	elsewhere.Countries = []string{"ZA"}
	if _, err := s.registry.ApplyPolicy(t.Context(), elsewhere, 1, account.Actor{Name: "cli"}); err != nil {
		t.Fatal(err)
	}
	if err := s.registry.Rejudge(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	now := b.live(shown).want(http.StatusOK).shows("Cannot transact")
	b.live(now).want(http.StatusNoContent)
}

func TestAccountPageIsToldOfAnErasure(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "no_payouts")
	b, at := s.signedIn(), "/admin/accounts/"+s.accountOf("seller_1")
	b.post(at+"/notes", url.Values{"note": {"Called on Monday."}})
	b.post(at+"/unlink", nil).want(http.StatusSeeOther)
	shown := b.get(at).shows("Called on Monday.")
	if err := s.registry.EraseSeller(t.Context(), "seller_1", account.Actor{Name: "cli"}); err != nil {
		t.Fatal(err)
	}
	now := b.live(shown).want(http.StatusOK).hides("Called on Monday.").shows("cli erased the seller’s personal data")
	b.live(now).want(http.StatusNoContent)
}

// TestWhoeverWantsAPageHasIt: also where its address was copied from what a script asked for.
func TestWhoeverWantsAPageHasIt(t *testing.T) {
	t.Parallel()
	b := newSite(t).signedIn()
	b.get("/admin/accounts?shown=0").want(http.StatusOK).shows("No account is connected yet")
	for _, shown := range []string{"", "x", "-1", "99"} {
		b.do(http.MethodGet, "/admin/accounts?shown="+shown, nil, http.Header{"HX-Request": {"true"}}).want(http.StatusOK)
	}
}

func TestPageWhoseSessionHasEndedIsLoadedAnew(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	shown := b.get("/admin/accounts")
	b.post("/admin/logout", nil)
	ended := b.live(shown).want(http.StatusUnauthorized)
	if ended.Header.Get("HX-Refresh") != "true" || ended.body != "" {
		t.Errorf("%v\n%s", ended.Header, ended.body)
	}
}

// TestScriptsComeFromHereAlone: no page has one within, and those alone run any that change before one's eyes.
func TestScriptsComeFromHereAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	seller := s.connected("seller_1", "complete")
	b := s.signedIn()
	for at, scripted := range map[string]bool{"/admin/accounts": true, "/admin/accounts/" + s.accountOf("seller_1"): true, seller: true, "/": false} {
		p := b.get(at)
		if csp := p.Header.Get("Content-Security-Policy"); strings.Contains(csp, "script-src 'self'; connect-src 'self'") != scripted {
			t.Errorf("%s: %s", at, csp)
		}
		for _, script := range p.all(atom.Script) {
			if !scripted || script.FirstChild != nil || !strings.HasPrefix(attr(script, "src"), "/assets/") {
				t.Errorf("%s has %s", at, textOf(script))
			}
			b.get(attr(script, "src")).want(http.StatusOK)
		}
	}
	if config := metaOf(b.get("/admin/accounts"), "htmx-config"); !strings.Contains(config, `"allowEval":false`) || !strings.Contains(config, `"includeIndicatorStyles":false`) {
		t.Errorf("htmx is told %s", config)
	}
}

func metaOf(p *page, name string) string {
	for _, n := range p.all(atom.Meta) {
		if attr(n, "name") == name {
			return attr(n, "content")
		}
	}
	return ""
}

// TestPageThatIsLeftOpenDoesNotKeepItsSession: it is who reads and presses that does.
func TestPageThatIsLeftOpenDoesNotKeepItsSession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	shown := b.get("/admin/accounts")
	before := s.sessionEnd()
	b.live(shown).want(http.StatusNoContent)
	s.connected("seller_1", "complete")
	b.live(shown).want(http.StatusOK)
	if after := s.sessionEnd(); !after.Equal(before) {
		t.Errorf("it would have ended at %v, and now at %v", before, after)
	}
	b.get("/admin/accounts")
	if after := s.sessionEnd(); !after.After(before) {
		t.Error("a page that was opened does not keep the session")
	}
}

func (s *site) sessionEnd() time.Time {
	s.t.Helper()
	var end time.Time
	if err := s.pool.QueryRow(s.t.Context(), "select max(expiry) from sessions").Scan(&end); err != nil {
		s.t.Fatal(err)
	}
	return end
}

// TestTablesKeepTheirPlace where the page around them is renewed: the script knows them again by their ids.
func TestTablesKeepTheirPlace(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("templates/*.html")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v (%v)", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), `<div class="scroll"`) {
			t.Errorf("a table of %s has no id", file)
		}
	}
}
