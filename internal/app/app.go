// Package app wires connectd: from settings to a running service. It is used by main and by end-to-end tests alike.
//
// It may import everything. Its one rule: what is opened here closes in reverse.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/catchup"
	"github.com/connectd/connectd/internal/feed"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/overview"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/scan"
	"github.com/connectd/connectd/internal/upload"
	"github.com/connectd/connectd/internal/webhook"
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

// Service is a running connectd.
type Service struct {
	// URL is http:// and the address that it listens on.
	URL string
	// MetricsURL is where Prometheus asks; "" where CONNECTD_METRICS_ADDR is not set.
	MetricsURL string
	// Addr is the host and port that it listens on.
	Addr string

	*Core
	cfg     Config
	scanner *scan.Scanner
	events  *webhook.Handler
	catchUp *catchup.Worker
	pulse   *catchup.Pulse
	outlook *outlook
	feed    *feed.Feed
	copy    *feed.Copy // nil where it is switched off
	failed  chan error
	router  *mux.Router
	leaving atomic.Bool

	rejudger *rejudger

	endpoints  *notify.Endpoints
	queues     *notify.Queues
	overview   *overview.Service
	jobsClient string // its id among those that work jobs
}

// Start opens the database (trying for 30 seconds), migrates it, makes sure that it is this platform's, and serves. ctx
// bounds the start alone; the caller stops the service.
func Start(ctx context.Context, cfg Config) (*Service, error) {
	s := &Service{Core: newCore(cfg.Logger, cfg.Version), cfg: cfg, failed: make(chan error, 1)}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

func (s *Service) start(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.cfg.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w: stop what listens there, or name another address with --addr (CONNECTD_ADDR)", s.cfg.Addr, err)
	}
	s.closers.add(func(context.Context) error { return ignoreClosed(listener.Close()) })
	s.URL, s.Addr = urlOf(listener.Addr()), listener.Addr().String()
	if s.cfg.BaseURL == "" {
		s.cfg.BaseURL = s.URL
	}
	s.cfg.BaseURL = strings.TrimSuffix(s.cfg.BaseURL, "/")
	if err := s.trace(ctx); err != nil {
		return err
	}
	if err := s.openAll(ctx); err != nil {
		return err
	}
	s.endpoints, s.overview = s.eventEndpoints(), overview.New(s.pool)
	handler, err := s.routes()
	if err != nil {
		return err
	}
	if err := s.workJobs(); err != nil {
		return err
	}
	s.followChanges()
	if err := s.schedule(); err != nil {
		return err
	}
	if err := s.measure(ctx); err != nil {
		return err
	}
	s.serve(listener, handler)
	return nil
}

// fail ends the service. The first cause is told.
func (s *Service) fail(cause error) {
	select {
	case s.failed <- cause:
	default:
	}
}

func (s *Service) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{
		Handler:           upload.Bounded(upload.Within, handler),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.fail(fmt.Errorf("serve: %w", err))
		}
	}()
	s.closers.add(func(ctx context.Context) error {
		if err := server.Shutdown(ctx); err != nil {
			return errors.Join(fmt.Errorf("drain requests: %w", err), server.Close())
		}
		return nil
	})
	s.closers.addPlain(s.feed.Drain) // the server waits for streams and polls
}

func (s *Service) openAll(ctx context.Context) error {
	if err := s.OpenDatabase(ctx, s.cfg.Database); err != nil {
		return err
	}
	if err := postgres.MigrateUp(ctx, s.cfg.Database.Direct(), s.cfg.Logger); err != nil {
		return err
	}
	if err := registry.SeedPolicy(ctx, s.queries, s.cfg.Service.Policy(), time.Now()); err != nil {
		return err
	}
	if err := s.OpenRegistry(ctx, s.cfg.Service); err != nil {
		return err
	}
	if err := s.openFeed(ctx); err != nil {
		return err
	}
	if err := s.OpenStripe(ctx, s.cfg.Stripe, Browsers{BaseURL: s.cfg.BaseURL, ReturnOrigins: s.cfg.Service.ReturnOrigins}); err != nil {
		return err
	}
	s.scanner = s.Scanner(s.cfg.Stripe)
	s.events = s.webhook()
	s.rejudger = newRejudger(s.Registry, s.cfg.Logger)
	s.openCatchUp()
	s.openOutlook()
	return nil
}

func (s *Service) openFeed(ctx context.Context) (err error) {
	s.feed, err = feed.Open(ctx, feed.Config{
		Pool: s.pool, DirectURL: s.cfg.Database.Direct(), Registry: s.Registry, Logger: s.cfg.Logger,
	})
	if err != nil {
		return err
	}
	s.closers.add(s.feed.Close)
	if s.cfg.Service.ReadinessCopy != "off" {
		s.copy = feed.OpenCopy(s.feed)
		s.closers.add(s.copy.Close)
	}
	return nil
}

// Failed gets the error that ends the service by itself.
func (s *Service) Failed() <-chan error { return s.failed }

// Leave has /readyz say that the service is about to stop; all else goes on.
func (s *Service) Leave() { s.leaving.Store(true) }

// Stop drains: streams and waiting polls end first, then requests in flight, then checks, then the committer, then the
// database's connections.
func (s *Service) Stop(ctx context.Context) error { return s.Close(ctx) }

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// urlOf is how people write the address: the default one is localhost.
func urlOf(addr net.Addr) string {
	if addr.String() == "127.0.0.1:3001" {
		return "http://localhost:3001"
	}
	return "http://" + addr.String()
}
