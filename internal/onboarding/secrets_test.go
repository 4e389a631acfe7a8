package onboarding_test

import (
	"encoding/hex"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
)

// secrets are what a walk carries that nobody else may learn.
func (w *walk) secrets() map[string]string {
	found := map[string]string{"link token": w.token}
	if at, err := url.Parse(w.away); err == nil {
		found["state"] = at.Query().Get("state")
	}
	if code := w.back.Get("code"); code != "" {
		found["code"] = code
	}
	found["browser's secret"] = w.cookieValue()
	return found
}

// stripesTokens are what a sandbox's exchange answers, and its codes.
var stripesTokens = regexp.MustCompile(`\b(sk|rk|rt|ac)_(test_|live_)?[A-Za-z0-9]{8,}`)

// walks goes every way there is, and returns the walks.
func (p *place) walks() []*walk {
	p.t.Helper()
	link := p.link(onboarding.LinkParams{SellerID: "s1", Email: "kiln@example.com"})
	granted := p.departFrom(link).decide("persona=unsupported")
	granted.mustArrive()
	refused := p.depart("s2").decide("persona=complete")
	p.control("clock", `{"advance":"6m"}`)
	refused.wantRefused(account.Invalid, "code")
	unknown := p.depart("s2").decide("persona=complete")
	unknown.back.Set("code", "ac_unknownunknown")
	unknown.wantRefused(account.Invalid, "code")
	stranger := p.depart("s4").decide("persona=complete")
	stranger.cookies = granted.cookies
	stranger.wantRefused(account.Invalid, "state")
	denied := p.depart("s4").decide("persona=deny")
	denied.mustArrive()
	p.fault(exchanges, `"drop":true`)
	cut := p.depart("s3").decide("persona=complete")
	cut.wantRefused(account.Unanswered, "")
	p.clock.advance(15 * time.Second)
	cut.wantRefused(account.Unanswered, "")
	p.fault(deauthorizations, `"drop":true,"times":1`)
	wantError(p.t, p.UnlinkByLink(p.t.Context(), granted.token), account.Unanswered, "")
	if err := p.UnlinkByLink(p.t.Context(), granted.token); err != nil {
		p.t.Fatal(err)
	}
	return []*walk{granted, refused, unknown, denied, cut}
}

func TestNoSecretIsLoggedOrStored(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	walks := p.walks()
	places := map[string]string{"log": p.log.String(), "database": p.dump()}
	if !strings.Contains(places["log"], "asked Stripe") || !strings.Contains(places["database"], "kiln@example.com") {
		t.Fatal("the log or the dump is empty, so it proves nothing")
	}
	for place, text := range places {
		for _, w := range walks {
			for what, secret := range w.secrets() {
				if strings.Contains(text, secret) || strings.Contains(text, hex.EncodeToString([]byte(secret))) {
					t.Errorf("the %s holds a %s", place, what)
				}
			}
		}
		if found := stripesTokens.FindString(text); found != "" {
			t.Errorf("the %s holds a token of Stripe's: %.12s…", place, found)
		}
	}
	if strings.Contains(places["log"], "kiln@example.com") {
		t.Error("the log holds an e-mail address")
	}
}

// dump is every row of every table as text.
func (p *place) dump() string {
	p.t.Helper()
	tables := p.texts("select table_name::text from information_schema.tables where table_schema = 'public'")
	var all strings.Builder
	for _, table := range tables {
		for _, row := range p.texts("select t::text from " + pgx.Identifier{table}.Sanitize() + " t") {
			all.WriteString(table + row + "\n")
		}
	}
	return all.String()
}

func (p *place) texts(sql string) []string {
	p.t.Helper()
	rows, err := p.pool.Query(p.t.Context(), sql)
	if err != nil {
		p.t.Fatal(err)
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		p.t.Fatal(err)
	}
	return texts
}
