// Package onboarding takes a seller from a link to a connected account and back: links, OAuth states, the exchange of the
// authorization code, the way back from Stripe, and unlinking.
//
// It may import account, client, db, registry, stripeapi and words. Its one rule: a code is exchanged once, whoever presents
// it and however often, and what it granted is not lost.
//
// A state works once, in the browser that began, for ten minutes; an account that someone else holds is refused and never
// deauthorized; tokens of any kind are kept as hashes alone, or encrypted with what only the seller's browser has.
package onboarding

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

// Checker retrieves an account and hands what Stripe says to the registry.
type Checker interface {
	Check(ctx context.Context, accountID string, source registry.Source) error
}

// Config is what a Service needs.
type Config struct {
	Registry *registry.Registry
	Queries  *db.Queries
	Stripe   *stripeapi.Client
	Checker  Checker
	// BaseURL is where sellers' browsers reach connectd, without a slash at its end.
	BaseURL string
	// ReturnOrigins are the origins that sellers may be sent back to, besides BaseURL's. The first is the platform's, where
	// no link says whereto.
	ReturnOrigins []string
	Now           func() time.Time
	Logger        *slog.Logger
}

// Service is safe for concurrent use, by any number of processes on one database.
type Service struct {
	cfg     Config
	returns map[string]bool // origins
	within  patience
}

// New makes a service.
func New(cfg Config) *Service {
	s := &Service{cfg: cfg, returns: map[string]bool{}, within: usualPatience()}
	for _, address := range append([]string{cfg.BaseURL}, cfg.ReturnOrigins...) {
		s.returns[originOf(address)] = true
	}
	delete(s.returns, "") // what has no origin is nowhere to return to
	return s
}

// PageURL is the address of the seller's page.
func (s *Service) PageURL(token string) string { return s.cfg.BaseURL + "/connect/" + token }

func (s *Service) redirectURI() string { return s.cfg.BaseURL + "/oauth/callback" }

// now is connectd's clock as Postgres keeps it.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

// originOf is scheme, host and port of an http or https URL, the scheme's own port left out as browsers do
// (https://url.spec.whatwg.org/#origin), or "".
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return ""
	}
	host := strings.ToLower(u.Host)
	ownPort := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	return u.Scheme + "://" + strings.TrimSuffix(strings.TrimSuffix(host, ownPort), ":")
}
