// Package app wires connectd: from settings to a running service. It is used by main and by end-to-end tests alike, and is
// the only package that imports everything.
//
// What is opened here closes in reverse.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
	"github.com/sethvargo/go-retry"

	"github.com/connectd/connectd/internal/catchup"
	"github.com/connectd/connectd/internal/feed"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/overview"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/retention"
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

	rejudging chan struct{} // holds one where accounts are to be judged again

	endpoints  *notify.Endpoints
	queues     *notify.Queues
	overview   *overview.Service
	jobsClient string // its id among those that work jobs
}

// Start opens the database (trying for 30 seconds), migrates it, makes sure that it is this platform's, and serves. ctx
// bounds the start alone; the caller stops the service.
func Start(ctx context.Context, cfg Config) (*Service, error) {
	s := &Service{Core: newCore(cfg.Logger, cfg.Version), cfg: cfg, failed: make(chan error, 1), rejudging: make(chan struct{}, 1)}
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

// schedule starts the scan (at once, by the cron entry, and whenever an account becomes due at once), and what else happens
// by the clock, at once too.
func (s *Service) schedule() error {
	times := newTimetable()
	if err := times.add(s.cfg.Service.ScanCron, s.scanner.Wake); err != nil {
		return setting("CONNECTD_SCAN_CRON", "is not a schedule", "*/10 * * * *")
	}
	ctx, cancel := context.WithCancel(context.Background())
	err := errors.Join(
		times.addAtOnce("@every 1m", s.wakeRejudging),
		times.addAtOnce("@every 1m", func() { s.onboard(ctx) }),
		times.addAtOnce("@every 1m", func() { s.tellByTheClock(ctx) }),
		times.addAtOnce(retention.Every, func() { s.forget(ctx) }),
		times.addAtOnce(overview.Every, func() { s.count(ctx) }),
		times.addAtOnce("@every 24h", func() { s.recount(ctx) }),
		times.addAtOnce(s.pulse.Schedule(), func() { s.beat(ctx) }),
		times.add("@every 10s", func() { s.endIfTooOld(ctx) }),
	)
	if err != nil {
		cancel()
		return err
	}
	var scanning sync.WaitGroup
	scanning.Go(func() { s.scanner.Run(ctx) })
	scanning.Go(func() { s.catchUp.Run(ctx) })
	scanning.Go(func() { s.keepRejudging(ctx) })
	times.start()
	s.closers.add(func(stop context.Context) error {
		cancel()
		return errors.Join(times.stop(stop), waitFor(stop, &scanning))
	})
	return nil
}

// wakeRejudging has accounts judged again, after what is under way: a policy that is applied meanwhile is not left out.
func (s *Service) wakeRejudging() {
	select {
	case s.rejudging <- struct{}{}:
	default: // somebody has
	}
}

func (s *Service) keepRejudging(ctx context.Context) {
	for {
		select {
		case <-s.rejudging:
			s.rejudge(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// rejudge goes on with what a new policy, or a new version of the rules, has still to judge, one batch at a time: many would
// fill the committer's queue, and webhooks be refused.
func (s *Service) rejudge(ctx context.Context) {
	err := s.Registry.Rejudge(ctx, func(left int64) { s.cfg.Logger.Info("judging accounts again", "left", left) })
	if err != nil && ctx.Err() == nil {
		s.cfg.Logger.Error("accounts could not be judged again", "error", err)
	}
}

// onboard stores the grants that could not be stored at once, and deletes what onboarding needs no more.
func (s *Service) onboard(ctx context.Context) {
	if err := s.Onboarding.Tick(ctx, time.Now()); err != nil && ctx.Err() == nil {
		s.cfg.Logger.Error("kept grants could not be stored, or old OAuth states not be deleted", "error", err)
	}
}

// forget has the events deleted that were kept for long enough.
func (s *Service) forget(ctx context.Context) {
	events := retention.Ticker{Jobs: s.jobs, Keep: s.cfg.Service.EventRetention}
	if err := events.Tick(ctx, time.Now()); err != nil && ctx.Err() == nil {
		s.cfg.Logger.Error("old events could not be deleted", "error", err)
	}
}

// count adds what has happened to the overview's figures.
func (s *Service) count(ctx context.Context) {
	if err := s.overview.Tick(ctx, time.Now()); err != nil && ctx.Err() == nil {
		s.cfg.Logger.Error("the overview's figures could not be counted", "error", err)
	}
}

// recount mends how many accounts have each status, where a connectd of before these counts has served beside this one. At first
// there are none: what fails is tried again in a minute, not in a day.
func (s *Service) recount(ctx context.Context) {
	_ = retry.Do(ctx, retry.NewConstant(time.Minute), func(ctx context.Context) error { // it goes on until ctx ends
		err := s.Registry.RecountStatuses(ctx)
		if err != nil && ctx.Err() == nil {
			s.cfg.Logger.Error("accounts could not be counted by status", "error", err)
		}
		return retry.RetryableError(err)
	})
}

// endIfTooOld ends the service once a newer connectd has made the database unfit for this one.
func (s *Service) endIfTooOld(ctx context.Context) {
	if err := postgres.Compatible(ctx, s.pool); errors.Is(err, postgres.ErrTooOld) {
		s.fail(err)
	}
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
