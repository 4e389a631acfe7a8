// Package app wires connectd: from settings to a running service. It is used by main and by end-to-end tests alike.
//
// It may import everything. Its one rule: what is opened here closes in reverse.
package app

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"

	"github.com/gorilla/mux"
)

// Config is what a service is started with. Its settings have been checked.
type Config struct {
	PlaceSettings // without a BaseURL it is derived from the address that the service listens on

	Database DatabaseSettings
	Stripe   StripeSettings
	Service  ServiceSettings
	Log      LogSettings
	// Origins say where settings come from, by the names of their flags. What is not among them and not as by default is the
	// program's own.
	Origins map[string]string
	Version string // of the program
	// PreviewSellers are those whose pages a preview shows; with none there is no preview.
	PreviewSellers []string
	Logger         *slog.Logger
}

// Service is a running connectd. Its Stop drains: streams and waiting polls end first, then requests in flight, then checks, then the
// committer, then the database's connections.
type Service struct {
	// URL is http:// and the address that it listens on.
	URL string
	// MetricsURL is where Prometheus asks; "" where CONNECTD_METRICS_ADDR is not set.
	MetricsURL string
	// Addr is the host and port that it listens on.
	Addr string

	*Core
	cfg     Config
	outlook *outlook
	router  *mux.Router
	failed  chan error
	leaving atomic.Bool
}

// Start opens the database (trying for 30 seconds), migrates it, makes sure that it is this platform's, and serves. ctx
// bounds the start alone; the caller stops the service.
func Start(ctx context.Context, cfg Config) (*Service, error) {
	s := &Service{Core: newCore(cfg.Logger, cfg.Version), cfg: cfg, failed: make(chan error, 1)}
	if err := (&parts{Service: s}).open(ctx); err != nil {
		return nil, errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// fail ends the service. The first cause is told.
func (s *Service) fail(cause error) {
	select {
	case s.failed <- cause:
	default:
	}
}

// Failed gets the error that ends the service by itself.
func (s *Service) Failed() <-chan error { return s.failed }

// Leave has /readyz say that the service is about to stop; all else goes on.
func (s *Service) Leave() { s.leaving.Store(true) }
