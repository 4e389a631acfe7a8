// Package api is the JSON API that the platform's product code calls, and the OpenAPI document that describes it.
//
// It may import access (who callers are), account, client (the wire types), feed, notify, onboarding, postgres (what its
// errors are), registry, route, scan, selling, stripeapi (likewise), upload and webhook. Its one rule: what goes wrong is
// answered as a problem (RFC 9457) with a stable code, in the order 401, 403, 429, 413, 400 or 422, 404 or 409, and nothing
// internal or secret is in it.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/feed"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/scan"
	"github.com/connectd/connectd/internal/selling"
	"github.com/connectd/connectd/internal/webhook"
)

// Config is what the API needs. All of it is required but Copy and Limits.
type Config struct {
	Registry   *registry.Registry
	Onboarding *onboarding.Service
	Checker    *scan.Checker
	Selling    *selling.Service
	Webhook    *webhook.Handler
	Keys       *access.Keys
	Scans      *scan.Passes
	Endpoints  *notify.Endpoints
	Feed       *feed.Feed
	Copy       *feed.Copy // nil where it is switched off
	// Limits holds keys to a rate; nil: none.
	Limits *Limits
	// FreshWithin bounds how long an answer waits for Stripe, and for Postgres to take what Stripe says; 0: two seconds.
	FreshWithin time.Duration
	// WakeScan makes this process look at the passes at once.
	WakeScan func()
	// Ready says what keeps the service from answering, nil where nothing does. It gets two seconds.
	Ready  func(context.Context) *Lack
	Logger *slog.Logger
}

// Lack is what keeps the service from answering.
type Lack struct {
	Words string // a sentence for whoever asks, with what to do
	Cause error  // for the log
}

// Served is what there is beside the routes.
type Served struct {
	// NotFound and MethodNotAllowed answer requests that no route takes, as problems; under /v1 only who has a key is told
	// what there is. MethodNotAllowed says in Allow which methods there are.
	NotFound, MethodNotAllowed http.Handler
	// Front is put before the router, and is faster for what is asked most.
	Front func(router http.Handler) http.Handler
	// Contract is the OpenAPI document, as /openapi.json has it.
	Contract []byte
}

type service struct {
	cfg            Config
	logger         *slog.Logger
	readyWithin    time.Duration
	positionWithin time.Duration
	heartbeat      time.Duration
}

// Register adds the API's routes to the router: those under /v1, /api/verifyStripe, /healthz, /readyz and /openapi.json. The
// router must not clean paths (SkipClean), or a seller_id of ".." would be redirected instead of refused.
func Register(router *mux.Router, cfg Config) Served {
	if cfg.FreshWithin == 0 {
		cfg.FreshWithin = freshWithin
	}
	s := &service{
		cfg: cfg, logger: cfg.Logger, readyWithin: readyWithin, positionWithin: positionWithin, heartbeat: heartbeatEvery,
	}
	api := huma.NewAPI(newDocument(), adapter{router: router, service: s})
	s.registerSellers(api) // before longer paths: mux forgets a wrong method when a later route's pattern fits
	s.registerReadiness(api)
	s.registerSnapshot(api)
	s.registerChanges(api)
	s.registerStream(api)
	s.registerAccounts(api)
	s.registerActions(api)
	s.registerSelling(api)
	s.registerScans(api)
	s.registerEvents(api)
	s.registerEndpoints(api)
	s.registerDeliveries(api)
	s.registerOnboarding(api)
	s.registerStates(api)
	s.registerVerify(api)
	s.registerHealth(api)
	contract := renderContract(api.OpenAPI())
	serveContract(router, contract)
	return Served{
		Contract:         contract,
		NotFound:         s.fallback(http.HandlerFunc(notFound)),
		MethodNotAllowed: s.fallback(methodNotAllowed(router)),
		Front:            s.front,
	}
}
