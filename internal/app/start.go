package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

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

// parts are what a service is made of while it starts. Each knows those that are opened before it.
type parts struct {
	*Service
	listener   net.Listener
	feed       *feed.Feed
	copy       *feed.Copy // nil where it is switched off
	scanner    *scan.Scanner
	events     *webhook.Handler
	catchUp    *catchup.Worker
	pulse      *catchup.Pulse
	rejudger   *rejudger
	endpoints  *notify.Endpoints
	overview   *overview.Service
	handler    http.Handler
	queues     *notify.Queues
	jobsClient string // its id among those that work jobs
}

// open opens them in this order; they close in reverse.
func (p *parts) open(ctx context.Context) error {
	for _, open := range []func(context.Context) error{
		p.listen,
		p.trace,
		p.openDatabase,
		p.openRegistry,
		p.openFeed,
		p.openStripe,
		p.assemble,
		p.openOutlook,
		p.openRoutes,
		p.workJobs,
		p.followChanges,
		p.runClock,
		p.measure,
		p.serve,
	} {
		if err := open(ctx); err != nil {
			return err
		}
	}
	return nil
}

// listen comes first: an address that is taken is told before anything is migrated, and one with port 0 is known to what follows.
func (p *parts) listen(ctx context.Context) (err error) {
	p.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", p.cfg.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w: stop what listens there, or name another address with --addr (CONNECTD_ADDR)", p.cfg.Addr, err)
	}
	p.closers.add(func(context.Context) error { return ignoreClosed(p.listener.Close()) })
	p.URL, p.Addr = urlOf(p.listener.Addr()), p.listener.Addr().String()
	p.cfg.BaseURL = strings.TrimSuffix(cmp.Or(p.cfg.BaseURL, p.URL), "/")
	return nil
}

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

func (p *parts) openDatabase(ctx context.Context) error {
	if err := p.OpenDatabase(ctx, p.cfg.Database); err != nil {
		return err
	}
	return postgres.MigrateUp(ctx, p.cfg.Database.Direct(), p.cfg.Logger)
}

func (p *parts) openRegistry(ctx context.Context) error {
	if err := registry.SeedPolicy(ctx, p.queries, p.cfg.Service.Policy(), time.Now()); err != nil {
		return err
	}
	return p.OpenRegistry(ctx, p.cfg.Service)
}

func (p *parts) openFeed(ctx context.Context) (err error) {
	p.feed, err = feed.Open(ctx, feed.Config{
		Pool: p.pool, DirectURL: p.cfg.Database.Direct(), Registry: p.Registry, Logger: p.cfg.Logger,
	})
	if err != nil {
		return err
	}
	p.closers.add(p.feed.Close)
	if p.cfg.Service.ReadinessCopy != "off" {
		p.copy = feed.OpenCopy(p.feed)
		p.closers.add(p.copy.Close)
	}
	return nil
}

func (p *parts) openStripe(ctx context.Context) error {
	return p.OpenStripe(ctx, p.cfg.Stripe, Browsers{BaseURL: p.cfg.BaseURL, ReturnOrigins: p.cfg.Service.ReturnOrigins})
}

// assemble makes what can't fail, of those before it. What of it works by itself begins with the clock.
func (p *parts) assemble(context.Context) error {
	p.scanner = p.Scanner(p.cfg.Stripe)
	p.events = p.webhook()
	p.rejudger = newRejudger(p.Registry, p.cfg.Logger)
	p.openCatchUp()
	p.endpoints, p.overview = p.eventEndpoints(), overview.New(p.pool)
	return nil
}

func (p *parts) serve(context.Context) error {
	server := &http.Server{
		Handler:           upload.Bounded(upload.Within, p.handler),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(p.cfg.Logger.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := server.Serve(p.listener); !errors.Is(err, http.ErrServerClosed) {
			p.fail(fmt.Errorf("serve: %w", err))
		}
	}()
	p.closers.add(func(ctx context.Context) error {
		if err := server.Shutdown(ctx); err != nil {
			return errors.Join(fmt.Errorf("drain requests: %w", err), server.Close())
		}
		return nil
	})
	p.closers.addPlain(p.feed.Drain) // the server waits for streams and polls
	return nil
}

// background runs them until the service stops, which waits for all.
func (p *parts) background(runs ...func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, run := range runs {
		running.Go(func() { run(ctx) })
	}
	p.closers.add(func(stop context.Context) error {
		cancel()
		return waitFor(stop, &running)
	})
}
