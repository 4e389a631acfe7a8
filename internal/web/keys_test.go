package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html/atom"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
)

// keyForm is the form of a new key, as the page has it.
func (p *page) keyForm(name string, scopes ...string) url.Values {
	return url.Values{"id": {p.value("id")}, "name": {name}, "scope": scopes, "expires_in": {"720h0m0s"}}
}

func (p *page) secret() string {
	for _, in := range p.all(atom.Input) {
		if attr(in, "id") == "secret" {
			return attr(in, "value")
		}
	}
	return ""
}

func TestAKeyIsMadeAndShownOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser().at("198.51.100.1")
	b.post("/admin/keys", url.Values{"password": {password}}).want(http.StatusSeeOther)
	empty := b.get("/admin/keys").shows("There is no key yet", "ask whether sellers can transact")
	form := empty.keyForm(" shop ", "readiness:read", "events:write")
	made := b.post(empty.button("Make the key"), form).want(http.StatusOK).shows("The key “shop” is made", "it is not shown again")
	secret := made.secret()
	if caller, err := s.keys.Check(t.Context(), secret); err != nil || caller.KeyID != form.Get("id") || !strings.HasPrefix(secret, "ck_test_") {
		t.Fatalf("%q lets %+v in: %v", secret, caller, err)
	}
	if strings.Contains(made.Request.URL.String(), secret) || strings.Contains(s.logs.String(), secret) {
		t.Error("the key is in an address or in a log")
	}

	list := b.get("/admin/keys").shows("shop "+form.Get("id"), "events:write choose where connectd sends its signed events", "Revoke…").hides(secret)
	if strings.Contains(list.body, secret) {
		t.Error("the list has the key")
	}
	keys, err := s.keys.List(t.Context())
	if err != nil || len(keys) != 1 || keys[0].ExpiresAt == nil || keys[0].ExpiresAt.Sub(keys[0].CreatedAt).Hours() != 720 {
		t.Errorf("%+v (%v)", keys, err)
	}
	if acts := s.acts("create_key"); !cmp.Equal(acts, []string{"admin 198.51.100.1 " + form.Get("id")}) {
		t.Errorf("%v", acts)
	}
}

// acts are who did so, from where, and to what.
func (s *site) acts(action string) (acts []string) {
	s.t.Helper()
	rows, err := s.pool.Query(s.t.Context(), `select concat_ws(' ', actor, address, subject) from audit where action = $1 order by id`, action)
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var act string
		if err := rows.Scan(&act); err != nil {
			s.t.Fatal(err)
		}
		acts = append(acts, act)
	}
	return acts
}

// TestAFormThatIsSentAgainMakesNoSecondKey, and does not show the first: a reload sends it, or a second press.
func TestAFormThatIsSentAgainMakesNoSecondKey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	form := b.get("/admin/keys").keyForm("shop", "readiness:read")
	secret := b.post("/admin/keys/create", form).want(http.StatusOK).secret()
	again := b.post("/admin/keys/create", form).want(http.StatusConflict).shows("was made before, and shown then; it is not kept")
	if again.secret() != "" || strings.Contains(again.body, secret) {
		t.Error("it is shown again")
	}
	if fresh := again.value("id"); fresh == form.Get("id") {
		t.Error("the form makes no other key")
	}
	if acts := s.acts("create_key"); len(acts) != 1 {
		t.Errorf("%v", acts)
	}
	b.get("/admin/keys/create").want(http.StatusSeeOther)
}

func TestAKeyThatCannotBeIsToldInItsForm(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	for field, c := range map[string]struct{ value, says string }{
		"name":       {" ", "A key's name has 1 to 200 printable characters."},
		"scope":      {"", "A key needs a scope"},
		"expires_in": {"-1h", "Choose when the key ends."},
		"id":         {"key_1", "This is no id that a key can have."},
	} {
		form := b.get("/admin/keys").keyForm("shop", "readiness:read")
		form.Set(field, c.value)
		refused := b.post("/admin/keys/create", form).want(http.StatusBadRequest).shows(c.says)
		if name := refused.value("name"); field != "name" && name != "shop" {
			t.Errorf("%s: the name is %q", field, name)
		}
	}
	if keys, err := s.keys.List(t.Context()); err != nil || len(keys) > 0 {
		t.Errorf("%+v (%v)", keys, err)
	}
}

func TestAKeyIsRevoked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	made, err := s.keys.Create(t.Context(), access.KeyParams{Name: "shop", Scopes: access.Scopes()})
	if err != nil {
		t.Fatal(err)
	}
	b := s.signedIn()
	asked := b.get("/admin/keys?revoke="+made.ID).shows("Revoke “shop”?", "It was never used.", "within a second, on every replica").hides("It is in use")
	s.exec(`insert into audit (at, actor, address, action, subject) values ($1, $2, '203.0.113.7', 'create_link', 'link_1')`, t0, made.ID)
	s.exec(`update api_keys set last_used_at = created_at`)
	b.get("/admin/keys?revoke="+made.ID).shows("It was used last at", "made an onboarding link link_1, at 1 Mar 2026 12:00 UTC from 203.0.113.7", "It is in use")

	to := b.post(asked.button("Revoke"), url.Values{"id": {made.ID}}).want(http.StatusSeeOther).Header.Get("Location")
	b.get(to).shows("Revoked: “shop” opens nothing any more.", "Revoked ").hides("Revoke…")
	if _, err := s.keys.Check(t.Context(), made.Secret); err == nil {
		t.Error("it opens something")
	}
	b.get("/admin/keys?revoke="+made.ID).shows("“shop” opens nothing any more", "It was revoked at")
	if acts := s.acts("revoke_key"); !cmp.Equal(acts, []string{"admin 127.0.0.1 " + made.ID}) {
		t.Errorf("%v", acts)
	}
	for _, id := range []string{"key_0", "", "\x00", "\xff"} {
		b.post("/admin/keys/revoke", url.Values{"id": {id}}).want(http.StatusNotFound)
	}
	b.get("/admin/keys?revoke=key_0").want(http.StatusNotFound).shows("There is no API key")
}

func TestKeysArePaged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exec(`insert into api_keys (id, name, key_hash, scopes, created_at, revoked_at)
		select 'key_' || i, 'program ' || i, i::text::bytea, '{readiness:read}', $1::timestamptz, $1::timestamptz from generate_series(100, 219) i`, t0)
	b := s.signedIn()
	seen := map[string]bool{}
	id := regexp.MustCompile(`key_\d{3}\b`)
	at := "/admin/keys"
	for pages := 1; ; pages++ {
		p := b.get(at).want(http.StatusOK)
		for _, row := range p.rows() {
			seen[id.FindString(row[0])] = true
		}
		if pages == 3 {
			p.hides("Next page")
			break
		}
		at = p.link("Next page")
	}
	if len(seen) != 120 {
		t.Errorf("%d keys", len(seen))
	}
	b.get("/admin/keys?cursor=x").want(http.StatusBadRequest).link("Show all keys")
}

func TestKeysAreFollowed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	shown := b.get("/admin/keys")
	b.live(shown).want(http.StatusNoContent)
	made, err := s.keys.Create(t.Context(), access.KeyParams{Name: "elsewhere", Scopes: access.Scopes(), By: account.Actor{Name: "cli"}})
	if err != nil {
		t.Fatal(err)
	}
	now := b.live(shown).want(http.StatusOK).shows("elsewhere")
	b.live(now).want(http.StatusNoContent)
	if err := s.keys.Revoke(t.Context(), made.ID, account.Actor{Name: "cli"}); err != nil {
		t.Fatal(err)
	}
	b.live(now).want(http.StatusOK).shows("Revoked")
}

// TestTheSessionThatEndedIsBegunOnItsPage: who pressed a button is led back to the page that has it.
func TestTheSessionThatEndedIsBegunOnItsPage(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser()
	for act, at := range map[string]string{
		"/admin/keys/create": "/admin/keys", "/admin/keys/revoke": "/admin/keys", "/admin/links/revoke": "/admin/links",
		"/admin/policy/apply": "/admin/policy",
	} {
		if to := b.post(act, nil).want(http.StatusUnauthorized).button("Sign in"); to != at {
			t.Errorf("%s leads to %s", act, to)
		}
		b.post(at, url.Values{"password": {"wrong"}}).want(http.StatusUnauthorized).shows("This is not the password.")
	}
}
