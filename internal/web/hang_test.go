package web_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/brand"
	"github.com/connectd/connectd/internal/web"
)

// hang keeps whoever asks for the table waiting, as a database does that neither answers nor refuses, until release is called.
func (s *site) hang(table string) (release func()) {
	s.t.Helper()
	tx, err := s.pool.Begin(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = tx.Rollback(s.t.Context()) })
	if _, err := tx.Exec(s.t.Context(), "lock table "+table+" in access exclusive mode"); err != nil {
		s.t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(s.t.Context()); err != nil {
			s.t.Error(err)
		}
	}
}

// TestPagesSayThatTheDatabaseHangs instead of waiting as long as it does: the seller's page, a page of the desk, and the sign-in.
func TestPagesSayThatTheDatabaseHangs(t *testing.T) {
	t.Parallel()
	s := startBranded(t, time.Now, access.AdminConfig{Password: password}, brand.Brand{}, func(cfg *web.Config) {
		cfg.PageWithin = 2 * time.Second
	})
	page, b := s.link("seller_1"), s.signedIn()
	signIn := s.browser().get("/admin/links").button("Sign in")
	release := s.hang("onboarding_links, sign_in_attempts")
	s.browser().get(page).want(http.StatusInternalServerError).shows("Please try again").link("Back to your page")
	b.get("/admin/links").want(http.StatusServiceUnavailable).shows("The database does not answer")
	s.browser().post(signIn, url.Values{"password": {password}}).want(http.StatusServiceUnavailable).shows("The database does not answer")
	release()
	s.browser().get(page).want(http.StatusOK)
}

// TestActsSayThatSessionsHang: who acts is found out first.
func TestActsSayThatSessionsHang(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	release := s.hang("sessions")
	b.post("/admin/links/revoke", url.Values{"id": {"x"}}).want(http.StatusServiceUnavailable).shows("The database does not answer")
	release()
}
