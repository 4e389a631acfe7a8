package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
)

// linkIDs are the ids of the links that the page shows.
func (p *page) linkIDs() (ids []string) {
	p.t.Helper()
	for _, row := range p.rows() {
		ids = append(ids, strings.Fields(row[1])[0])
	}
	return ids
}

func TestOpenLinksAreListedWithoutTheirAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	b.get("/admin/links").shows("No link is open.")
	key, err := s.keys.Create(t.Context(), access.KeyParams{Name: "shop", Scopes: access.Scopes()})
	if err != nil {
		t.Fatal(err)
	}
	path := s.linkWith(onboarding.LinkParams{SellerID: "seller_1", By: account.Actor{Name: key.ID}})
	b.get(path)
	s.link("seller_2")
	list := b.get("/admin/links").shows("by the key shop", "by connectd", "first ").hides(key.ID)
	if ids := list.linkIDs(); len(ids) != 2 {
		t.Fatalf("%v", ids)
	}
	if token := strings.TrimPrefix(path, "/connect/"); strings.Contains(list.body, token) {
		t.Error("a link can be used from the page")
	}
	if ids := b.get("/admin/links?seller_id=+seller_1").shows("seller_1").hides("seller_2").linkIDs(); len(ids) != 1 {
		t.Errorf("%v", ids)
	}
	b.get("/admin/links?seller_id=seller").shows("Seller seller has no open link.")
	b.get("/admin/links?which=some").want(http.StatusBadRequest).link("Show the open links")
	b.get("/admin/links?seller_id=%00").want(http.StatusBadRequest)
}

func TestALinkIsRevoked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	path := s.link("seller_1")
	s.link("seller_2")
	b := s.signedIn()
	asked := b.get(b.get("/admin/links?seller_id=seller_1").link("Revoke… "+s.linkOf("seller_1"))).
		shows("Revoke this link of seller seller_1?", "never used", "(410)", "An account that is connected stays so")
	form := url.Values{"id": {asked.value("id")}, "seller_id": {"seller_1"}}
	to := b.post(asked.button("Revoke"), form).want(http.StatusSeeOther).Header.Get("Location")
	if to != "/admin/links?seller_id=seller_1" {
		t.Errorf("leads to %s", to)
	}
	b.get(to).shows("Revoked: the link "+form.Get("id")+" of seller seller_1", "has no open link")
	s.browser().get(path).want(http.StatusGone)
	b.get("/admin/links?which=all").shows("Revoked", "by admin", "seller_2")
	b.get("/admin/links?revoke="+form.Get("id")).shows("leads nowhere any more", "was revoked at")
	if acts := s.acts("revoke_link"); !cmp.Equal(acts, []string{"admin 127.0.0.1 " + form.Get("id")}) {
		t.Errorf("%v", acts)
	}
	for _, id := range []string{"link_0", "", "\x00", "\xff"} {
		b.post("/admin/links/revoke", url.Values{"id": {id}}).want(http.StatusNotFound)
	}
	b.get("/admin/links?revoke=link_0").want(http.StatusNotFound)
	elsewhere := b.post("/admin/links/revoke", url.Values{"id": form["id"], "seller_id": {"//evil.example"}, "which": {"all"}}).Header.Get("Location")
	if elsewhere != "/admin/links?seller_id=%2F%2Fevil.example&which=all" {
		t.Errorf("leads to %s", elsewhere)
	}
}

func (s *site) linkOf(sellerID string) (id string) {
	s.t.Helper()
	if err := s.pool.QueryRow(s.t.Context(), `select id from onboarding_links where seller_id = $1`, sellerID).Scan(&id); err != nil {
		s.t.Fatal(err)
	}
	return id
}

func TestLinksThatHaveEndedAreShownOnDemand(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.linkWith(onboarding.LinkParams{SellerID: "seller_1"})
	s.exec(`update onboarding_links set expires_at = $1`, time.Now().Add(-time.Hour))
	b := s.signedIn()
	b.get("/admin/links").shows("No link is open.")
	b.get(b.get("/admin/links").link("Revoked and expired, too")).shows("seller_1", "Expired").hides("Revoke…")
}

func TestLinksArePaged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, sql := range []string{
		`insert into sellers (id, created_at) select 's' || i, now() from generate_series(1, 130) i`,
		`insert into onboarding_links (id, token_hash, seller_id, may_unlink, created_at, expires_at)
			select format('link_%s', i), i::text::bytea, 's' || i, true, now(), now() + interval '1 day' * (1 + i / 4) from generate_series(1, 130) i`,
	} {
		s.exec(sql)
	}
	b := s.signedIn()
	var seen []string
	at := "/admin/links?which=open"
	for range 3 {
		p := b.get(at)
		seen = append(seen, p.linkIDs()...)
		if len(seen) < 130 {
			at = p.link("Next page")
		}
	}
	b.get(at).hides("Next page").link("First page")
	if len(seen) != 130 || seen[0] != "link_130" || seen[129] != "link_1" {
		t.Errorf("%d: %v", len(seen), seen)
	}
	b.get("/admin/links?cursor=x").want(http.StatusBadRequest)
	b.get("/admin/links?seller_id=s7").shows("link_7")
}

func TestLinksAreFollowed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	shown := b.get("/admin/links")
	b.live(shown).want(http.StatusNoContent)
	path := s.link("seller_1")
	now := b.live(shown).want(http.StatusOK).shows("seller_1", "never")
	b.live(now).want(http.StatusNoContent)
	b.get(path)
	b.live(now).want(http.StatusOK).hides("never")
}

// TestLinksAreReadByTheirIndex: a page reads what it shows, or a seller's.
func TestLinksAreReadByTheirIndex(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exec(`insert into sellers (id, created_at) select 's' || i, now() from generate_series(1, 1000) i`)
	s.exec(`insert into onboarding_links (id, token_hash, seller_id, may_unlink, created_at, expires_at)
		select 'link_' || i, i::text::bytea, 's' || (1 + i % 1000), true, now(), now() + interval '1 s' * (i - 25000) from generate_series(1, 50000) i`)
	s.exec(`analyze onboarding_links`)
	for where, index := range map[string]string{"true": "onboarding_links_by_end on", "seller_id = 's7'": "onboarding_links_by_seller_and_end"} {
		plan := s.explain(fmt.Sprintf(`select * from onboarding_links where %s and (expires_at, id) < ('9999-12-31'::timestamptz, '')
			and expires_at > now() and (revoked_at is null or false) order by expires_at desc, id desc limit 51`, where))
		if strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, index) {
			t.Errorf("%s:\n%s", where, plan)
		}
	}
}

func (s *site) explain(query string) string {
	s.t.Helper()
	rows, err := s.pool.Query(s.t.Context(), "explain "+query)
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			s.t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
