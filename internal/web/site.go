package web

import (
	"net/http"
	"net/url"
	"sync"

	"github.com/alexedwards/scs/v2"
)

// site is the pages and what they need. It is safe for concurrent use.
type site struct {
	Config
	sessions    scs.SessionManager
	ownForms    *http.CrossOriginProtection
	assets      assets
	brand       brandView
	sellerPages sellerTemplates
	sellerCSP   string
	ownCSP      string
	docs        func() ([]byte, error)
	adminCSP    string
	plans       *plans
}

func newSite(cfg Config) *site {
	s := &site{
		Config:    cfg,
		sessions:  *cfg.Sessions.SessionManager,
		ownForms:  http.NewCrossOriginProtection(),
		assets:    readAssets(cfg.Brand),
		sellerCSP: sellersPolicy(cfg.Brand.Logo.Origin(), cfg.FormActionOrigins),
		ownCSP:    contentSecurityPolicy(origins{}),
		docs:      sync.OnceValues(func() ([]byte, error) { return renderDocs(cfg.Contract) }),
		adminCSP:  scriptedPolicy(origins{}),
		plans:     newPlans(),
	}
	s.sellerPages, s.brand = s.parseSellerTemplates(), s.viewOfBrand()
	s.sessions.ErrorFunc = s.broken
	s.ownForms.SetDenyHandler(http.HandlerFunc(s.showForeignForm))
	s.ownForms.AddInsecureBypassPattern("POST " + unsubscribeRoute)
	if u, err := url.Parse(cfg.BaseURL); err == nil && u.Host != "" {
		// A proxy may ask connectd under another host name than the browser asked the proxy.
		_ = s.ownForms.AddTrustedOrigin(u.Scheme + "://" + u.Host) // scheme and host alone are always an origin
	}
	return s
}

// public is for pages that hold nothing private.
func (s *site) public(h http.HandlerFunc) http.Handler {
	return withHeaders(s.ownCSP, s.guarded(h))
}

// seller is for pages behind a link's token.
func (s *site) seller(h http.HandlerFunc) http.Handler {
	return withHeaders(s.sellerCSP, private(s.inLanguage(s.guarded(h))))
}

// session is for pages that use the admin's session, whether signed in or not.
func (s *site) session(h http.HandlerFunc) http.Handler {
	return withHeaders(s.adminCSP, private(s.guarded(s.withSession(h))))
}

// admin is for pages in whose place others see the sign-in form.
func (s *site) admin(h http.HandlerFunc) http.Handler {
	return s.session(s.signedIn(h))
}
