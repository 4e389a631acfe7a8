// Package web is connectd's pages: the seller's page and the way back from Stripe, the admin's table and account pages, and
// the API's contract, with their templates and assets embedded. It asks the packages that own what pages show for
// everything, and decides nothing about an account.
//
// It may import access, account, brand, client, mail, notify, onboarding, overview, policyfile, postgres (what its errors
// are), registry, route, scan, stripeapi (likewise), upload, webhook and words. Its one rule: a page works without scripts,
// asks nobody but connectd for anything, and shows no internal error.
package web

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/brand"
	"github.com/connectd/connectd/internal/mail"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/overview"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/scan"
	"github.com/connectd/connectd/internal/webhook"
)

// Config is what the pages need. All of it is required but FormActionOrigins, Brand, PreviewSellers, PlanFor and PageWithin.
type Config struct {
	Onboarding *onboarding.Service
	Registry   *registry.Registry
	Checker    *scan.Checker
	// Passes are the health scan's; WakeScan sets it to work on one, and StripeRate is how many calls to Stripe a second it makes.
	Passes     *scan.Passes
	WakeScan   func()
	StripeRate float64
	// Events applies Stripe's events again.
	Events   *webhook.Handler
	Overview *overview.Service
	Admin    *access.Admin
	Sessions *access.Sessions
	// Endpoints are where connectd sends its own events.
	Endpoints *notify.Endpoints
	Keys      *access.Keys
	// Livemode is the mode of the database, whose keys admins make.
	Livemode bool
	// PolicyApplied is called once a new policy is in force, by which accounts have to be judged.
	PolicyApplied func()
	// PlanFor bounds how long one request works on a policy's plan, which goes on with the next; 0 is a second.
	PlanFor time.Duration
	// PageWithin bounds how long a page waits for what it shows; 0 is ten seconds.
	PageWithin time.Duration
	// Preferences are what sellers want of mails.
	Preferences mail.Preferences
	// Mails are what was mailed.
	Mails Mails
	// Status says what is wrong, for /statusz, and comes back within seconds.
	Status func(context.Context, Glance) Status
	// Settings are those in force, without their secrets.
	Settings []SettingGroup
	// Contract is the API's OpenAPI document.
	Contract []byte
	// BaseURL is where browsers reach connectd: forms sent from its origin are connectd's own.
	BaseURL string
	// FormActionOrigins are those that "Connect with Stripe" may lead to, by redirects too: browsers hold a form's redirects
	// against the page's Content-Security-Policy.
	FormActionOrigins []string
	// Brand is what the platform looks like to its sellers; the zero Brand is that of one which has said nothing.
	Brand brand.Brand
	// DashboardBase is the origin of the Dashboard that sellers have at Stripe, or of the sandbox in its place.
	DashboardBase string
	// PreviewSellers are those whose pages the preview shows; with none there is no preview.
	PreviewSellers []string
	Logger         *slog.Logger
	Now            func() time.Time
}

// Fallbacks answer requests that no route takes, as pages. MethodNotAllowed says in Allow which methods there are.
type Fallbacks struct {
	NotFound, MethodNotAllowed http.Handler
}

// Register adds the pages' routes to the router.
func Register(router *mux.Router, cfg Config) Fallbacks {
	s := newSite(cfg)
	s.routeSellers(router)
	s.routePreview(router)
	s.routeAdmin(router)
	s.get(router, "/", s.public(s.showWelcome))
	s.get(router, "/docs", s.public(s.showDocs))
	s.get(router, assetRoute, s.public(s.serveAsset))
	return Fallbacks{
		NotFound:         s.fallback(s.showNotFound),
		MethodNotAllowed: s.fallback(s.methodNotAllowed(router)),
	}
}

func (s *site) routeSellers(router *mux.Router) {
	s.get(router, "/connect/{token}", s.seller(s.showConnect))
	s.post(router, "/connect/{token}/authorize", s.seller(s.authorize))
	s.post(router, "/connect/{token}/unlink", s.seller(s.unlink))
	s.post(router, "/connect/{token}/mend", s.seller(s.mend))
	s.get(router, "/connect/{token}/{beyond:.*}", s.seller(s.toConnect))
	s.getLong(router, "/oauth/callback", s.seller(s.comeBack))
	s.getLong(router, "/oauth/mended", s.seller(s.comeBackMended))
	s.get(router, unsubscribeRoute, s.seller(s.askUnsubscribe))
	s.post(router, unsubscribeRoute, s.bounded(s.seller(s.unsubscribe)))
}

func (s *site) routeAdmin(router *mux.Router) {
	s.routeOverview(router)
	s.routeStatus(router)
	s.routeSettings(router)
	s.routeHelp(router)
	s.routeSearch(router)
	s.get(router, accountsPath, s.admin(s.listAccounts))
	s.getLong(router, exportPath, s.admin(s.exportAccounts))
	s.post(router, exportPath, s.admin(s.exportWithLinks))
	s.get(router, accountsPath+"/{id}", s.admin(s.showAccount))
	s.post(router, accountsPath+"/{id}/recheck", s.admin(s.recheck))
	s.post(router, accountsPath+"/{id}/link", s.admin(s.makeLink))
	s.post(router, accountsPath+"/{id}/unlink", s.admin(s.unlinkAccount))
	s.post(router, accountsPath+"/{id}/reassign", s.admin(s.reassign))
	s.post(router, accountsPath+"/{id}/notes", s.admin(s.addNote))
	s.post(router, accountsPath+"/{id}/delete-note", s.admin(s.deleteNote))
	s.routeScans(router)
	s.routeEvents(router)
	s.routeDeliveries(router)
	s.routeMails(router)
	s.routeKeys(router)
	s.routeLinks(router)
	s.routePolicy(router)
	s.routeSignIn(router)
	s.post(router, "/admin/logout", s.session(s.signOut))
	s.post(router, "/admin/logout-everywhere", s.admin(s.signOutEverywhere))
}

// getOrSignIn routes a page of the desk, and the sign-in form in its place.
func (s *site) getOrSignIn(router *mux.Router, path string, h http.HandlerFunc) {
	s.get(router, path, s.admin(h))
	s.post(router, path, s.bounded(s.session(s.signIn)))
}

// routeSignIn has every page of the desk take the form that stands in its place. Its paths come after all acts': what is posted to
// one of these is no sign-in.
func (s *site) routeSignIn(router *mux.Router) {
	paths := []string{"/admin", "/admin/", "/admin/login", searchPath, accountsPath + "/{id}"}
	for _, r := range desk {
		paths = append(paths, r.Path)
	}
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		s.post(router, path, s.bounded(s.session(s.signIn)))
	}
}

// get routes HEAD too: net/http leaves the body out.
func (s *site) get(router *mux.Router, path string, h http.Handler) {
	s.getLong(router, path, s.bounded(h))
}

// getLong routes what may take long, or bounds itself.
func (s *site) getLong(router *mux.Router, path string, h http.Handler) {
	router.Handle(path, h).Methods(http.MethodGet, http.MethodHead)
}

// bounded ends what a request waits for: also where the database neither answers nor refuses, its reader is told.
func (s *site) bounded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), cmp.Or(s.PageWithin, pageWithin))
		defer cancel()
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

const pageWithin = 10 * time.Second

func (s *site) post(router *mux.Router, path string, h http.Handler) {
	router.Handle(path, h).Methods(http.MethodPost)
}
