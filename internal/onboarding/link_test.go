package onboarding_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/onboarding"
)

func TestLinkSaysWhichFieldIsWrong(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	tests := map[string]struct {
		params onboarding.LinkParams
		field  string
	}{
		"no seller":              {onboarding.LinkParams{}, "seller_id"},
		"a seller with a slash":  {onboarding.LinkParams{SellerID: "a/b"}, "seller_id"},
		"a seller that is dots":  {onboarding.LinkParams{SellerID: ".."}, "seller_id"},
		"a seller that is long":  {onboarding.LinkParams{SellerID: strings.Repeat("s", 256)}, "seller_id"},
		"a life in the past":     {onboarding.LinkParams{SellerID: "s1", ExpiresIn: -time.Second}, "expires_in"},
		"no whole second":        {onboarding.LinkParams{SellerID: "s1", ExpiresIn: time.Millisecond}, "expires_in"},
		"too long a life":        {onboarding.LinkParams{SellerID: "s1", ExpiresIn: 30*24*time.Hour + time.Second}, "expires_in"},
		"no address":             {onboarding.LinkParams{SellerID: "s1", Email: "kiln"}, "email"},
		"an address with a name": {onboarding.LinkParams{SellerID: "s1", Email: "Kiln <k@example.com>"}, "email"},
		"two addresses":          {onboarding.LinkParams{SellerID: "s1", Email: "a@example.com, b@example.com"}, "email"},
		"a line after it":        {onboarding.LinkParams{SellerID: "s1", Email: "a@example.com\r\nBcc: b@example.com"}, "email"},
	}
	for name, tt := range tests {
		_, err := p.CreateLink(t.Context(), tt.params)
		if e, ok := asError(err); !ok || e.Kind != account.Invalid || e.Field != tt.field || e.Message == "" {
			t.Errorf("%s: error %v, want one about %s", name, err, tt.field)
		}
	}
	if n := p.count("select count(*) from onboarding_links") + p.count("select count(*) from sellers"); n != 0 {
		t.Errorf("%d rows were stored for what was refused", n)
	}
}

func TestLinkReturnsToAllowedOriginsAlone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for address, allowed := range map[string]bool{
		shopOrigin:                             true,
		shopOrigin + "/done?order=1#top":       true,
		"https://SHOP.example.com/done":        true,
		"https://shop.example.com:443/done":    true,
		"https://shop.example.com:80/done":     false,
		"https://:443/done":                    false,
		baseURL + "/anything":                  true,
		"http://shop.example.com/done":         false,
		"https://shop.example.com:8443/":       false,
		"https://shop.example.com.evil.test/":  false,
		"https://evil.test/shop.example.com":   false,
		"https://me@shop.example.com/":         false,
		"https://shop.example.com@evil.test/":  false,
		`https://shop.example.com\@evil.test/`: false,
		"//shop.example.com/done":              false,
		"/done":                                false,
		"javascript:alert(1)":                  false,
		"https://shop.example.com/\nx":         false,
	} {
		_, err := p.CreateLink(t.Context(), onboarding.LinkParams{SellerID: "s1", ReturnURL: address})
		if allowed && err != nil {
			t.Errorf("%s: %v", address, err)
		}
		if e, ok := asError(err); !allowed && (!ok || e.Field != "return_url") {
			t.Errorf("%s: error %v, want one about return_url", address, err)
		}
	}
}

func TestOriginThatIsNoneAllowsNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := onboarding.New(onboarding.Config{
		Registry: p.registry, Queries: db.New(p.pool), BaseURL: baseURL, Now: p.clock.now,
		ReturnOrigins: []string{"", "shop.example.com"},
	})
	for _, address := range []string{"javascript:alert(1)", "shop.example.com", "data:text/html,x"} {
		_, err := s.CreateLink(t.Context(), onboarding.LinkParams{SellerID: "s1", ReturnURL: address})
		wantError(t, err, account.Invalid, "return_url")
	}
}

func TestLinkExpires(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	week := p.link(onboarding.LinkParams{SellerID: "s1"})
	minute := p.link(onboarding.LinkParams{SellerID: "s1", ExpiresIn: time.Minute})
	p.clock.advance(time.Minute)
	p.wantLink(minute, account.Expired)
	p.wantLink(week, "")
	p.clock.advance(7*24*time.Hour - 2*time.Minute)
	p.wantLink(week, "")
	p.clock.advance(time.Minute)
	p.wantLink(week, account.Expired)
}

// wantLink holds that all that a link can be used for answers alike.
func (p *place) wantLink(token string, kind account.ErrorKind) {
	p.t.Helper()
	_, pageErr := p.Page(p.t.Context(), token)
	_, departErr := p.Depart(p.t.Context(), token)
	unlinkErr := p.UnlinkByLink(p.t.Context(), token)
	for _, err := range []error{pageErr, departErr, unlinkErr} {
		if got := account.KindOf(err); got != kind || (err == nil) != (kind == "") {
			p.t.Errorf("error %v, want one of kind %q", err, kind)
		}
	}
}

func TestRevokedLinkHasExpired(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	token := p.link(onboarding.LinkParams{SellerID: "s1"})
	p.wantLink(token, "")
	p.exec("update onboarding_links set revoked_at = $1", p.clock.now())
	p.wantLink(token, account.Expired)
}

func TestUnknownLinkIsNotFound(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, token := range []string{"", "nothing", "\x00", strings.Repeat("x", 5000)} {
		p.wantLink(token, account.NotFound)
	}
}

func TestLinkWorksAnyNumberOfTimes(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	token := p.link(onboarding.LinkParams{SellerID: "s1", ReturnURL: shopOrigin})
	for range 3 {
		page, err := p.Page(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		want := onboarding.Page{SellerID: "s1", Readiness: p.readiness("s1"), MayUnlink: true, ReturnURL: page.ReturnURL}
		p.wayBack(page.ReturnURL, url.Values{"seller_id": {"s1"}, "status": {"not_connected"}})
		if diff := cmp.Diff(want, page); diff != "" || page.Readiness.Status != "not_connected" {
			t.Errorf("page of a seller who is %s:\n%s", page.Readiness.Status, diff)
		}
	}
	p.departFrom(token).decide("persona=restricted").mustArrive()
	page, err := p.Page(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if page.Account == nil || page.Account.SellerID != "s1" || page.Readiness.Status != "restricted" {
		t.Errorf("page once connected: %+v", page)
	}
	p.wayBack(page.ReturnURL, url.Values{"seller_id": {"s1"}, "status": {"restricted"}})
	if err := p.UnlinkByLink(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if page, err = p.Page(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	p.wayBack(page.ReturnURL, url.Values{"seller_id": {"s1"}, "status": {"disconnected"}})
}

func TestLinkKnowsItsFirstAndLastUse(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	token := p.link(onboarding.LinkParams{SellerID: "s1"})
	if l := p.onlyLink(); l.FirstUsedAt != nil || l.LastUsedAt != nil {
		t.Errorf("an unused link: %+v", l)
	}
	use := func() {
		if _, err := p.Page(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	use()
	first := p.onlyLink()
	if first.FirstUsedAt == nil || !first.FirstUsedAt.Equal(*first.LastUsedAt) {
		t.Fatalf("used once: %+v", first)
	}
	p.clock.advance(time.Hour)
	use()
	if l := p.onlyLink(); !l.FirstUsedAt.Equal(*first.FirstUsedAt) || l.LastUsedAt.Before(first.LastUsedAt.Add(time.Hour)) {
		t.Errorf("used an hour later: %+v", l)
	}
}

func (p *place) onlyLink() onboarding.KnownLink {
	p.t.Helper()
	links, err := onboarding.Links(p.t.Context(), db.New(p.pool), p.clock.now())
	if err != nil || len(links) != 1 {
		p.t.Fatal(links, err)
	}
	return links[0]
}

func TestRevokedAndExpiredLinksAreNotListed(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	revoked, q := p.link(onboarding.LinkParams{SellerID: "s1"}), db.New(p.pool)
	id := p.onlyLink().ID
	for range 2 { // once more changes nothing
		if err := onboarding.RevokeLink(t.Context(), q, id, account.Actor{Name: "test"}, p.clock.now()); err != nil {
			t.Fatal(err)
		}
	}
	p.wantLink(revoked, account.Expired)
	p.link(onboarding.LinkParams{SellerID: "s2", ExpiresIn: time.Minute})
	p.clock.advance(time.Minute)
	if links, err := onboarding.Links(t.Context(), q, p.clock.now()); err != nil || len(links) != 0 {
		t.Errorf("%+v, %v", links, err)
	}
	wantError(t, onboarding.RevokeLink(t.Context(), q, "link_none", account.Actor{Name: "test"}, p.clock.now()), account.NotFound, "")
}

func TestEmailIsKeptUntilAnotherIsGiven(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	email := func() (address string) {
		t.Helper()
		if err := p.pool.QueryRow(t.Context(), "select email from sellers where id = 's1'").Scan(&address); err != nil {
			t.Fatal(err)
		}
		return address
	}
	for _, step := range []struct{ given, kept string }{
		{"a@example.com", "a@example.com"},
		{"", "a@example.com"},
		{"b+tag@example.com", "b+tag@example.com"},
	} {
		p.link(onboarding.LinkParams{SellerID: "s1", Email: step.given})
		if got := email(); got != step.kept {
			t.Errorf("after a link with %q the seller has %q, want %q", step.given, got, step.kept)
		}
	}
}

// TestALinkIsListedWithWhoMadeAndRevokedIt: revoked twice, it was revoked by the first.
func TestALinkIsListedWithWhoMadeAndRevokedIt(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.link(onboarding.LinkParams{SellerID: "s1", By: account.Actor{Name: "admin"}})
	p.link(onboarding.LinkParams{SellerID: "s2", By: account.Actor{Name: "cli"}})
	open, err := p.Links(t.Context(), onboarding.LinkQuery{Which: onboarding.OpenLinks, SellerID: "s1", Limit: 1})
	if err != nil || len(open.Links) != 1 || open.NextCursor != "" {
		t.Fatalf("%+v (%v)", open, err)
	}
	id := open.Links[0].ID
	for _, by := range []string{"first", "second"} {
		if err := p.RevokeLink(t.Context(), id, account.Actor{Name: by}); err != nil {
			t.Fatal(err)
		}
	}
	link, err := p.Link(t.Context(), id)
	if err != nil || link.MadeBy.Name != "admin" || link.RevokedBy.Name != "first" || link.State(p.clock.now()) != onboarding.LinkRevoked {
		t.Errorf("%+v (%v)", link, err)
	}
	for which, want := range map[onboarding.Which]int{onboarding.OpenLinks: 1, onboarding.AllLinks: 2} {
		if page, err := p.Links(t.Context(), onboarding.LinkQuery{Which: which, Limit: 2}); err != nil || len(page.Links) != want {
			t.Errorf("%s: %+v (%v)", which, page, err)
		}
	}
	_, err = p.Link(t.Context(), "link_none")
	wantError(t, err, account.NotFound, "")
}
