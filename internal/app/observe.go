package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/logging"
	"github.com/connectd/connectd/internal/metrics"
	"github.com/connectd/connectd/internal/route"
	"github.com/connectd/connectd/internal/tracing"
)

// trace begins to send traces, where a receiver is set.
func (s *Service) trace(ctx context.Context) (err error) {
	if s.tracing, err = tracing.Open(ctx, s.cfg.Version, s.cfg.Logger); err != nil {
		return err
	}
	s.closers.add(s.tracing.Close)
	return nil
}

// measure answers Prometheus on a listener of its own, where one is set. What is counted is counted either way.
func (p *parts) measure(ctx context.Context) error {
	if p.cfg.Service.MetricsAddr == "" {
		return nil
	}
	p.metrics.Watch(p.process())
	p.metrics.Read(metrics.Database{
		Pool: p.pool, ReadAllocation: p.cfg.Stripe.StripeReadAllocation, JobsClient: p.jobsClient, Logger: p.cfg.Logger,
		Seen: func() int64 { end, _ := p.feed.Seen(); return end.Position },
	})
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", p.cfg.Service.MetricsAddr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w: stop what listens there, or name another address with --metrics-addr (CONNECTD_METRICS_ADDR)",
			p.cfg.Service.MetricsAddr, err)
	}
	p.MetricsURL = "http://" + listener.Addr().String() + "/metrics"
	p.serveMetrics(listener)
	p.cfg.Logger.InfoContext(ctx, "metrics", "url", p.MetricsURL)
	return nil
}

func (p *parts) process() metrics.Process {
	process := metrics.Process{
		Pool: p.pool, Rate: p.cfg.Stripe.StripeRate,
		PolledAt: func() time.Time { _, asked := p.feed.Seen(); return asked },
		Waiting: func() metrics.Waiting {
			n, capacity, since := p.Registry.Queued()
			return metrics.Waiting{Observations: n, Capacity: capacity, Since: since}
		},
	}
	if p.copy != nil {
		process.Copy = p.copy.Held
	}
	return process
}

func (s *Service) serveMetrics(listener net.Listener) {
	handler := http.NewServeMux()
	handler.Handle("GET /metrics", s.metrics.Handler(s.cfg.Logger))
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.fail(fmt.Errorf("serve metrics: %w", err))
		}
	}()
	s.closers.add(func(context.Context) error { return server.Close() }) // nobody loses what a scrape would have said
}

// observed has requests traced, named in the log, and counted. Who asks, the proxies say.
func (s *Service) observed(proxies access.Proxies, next http.Handler) http.Handler {
	next = proxies.Handler(s.counted(next))
	return route.Tracked(s.tracing.Server(hasKey, logging.Requests(proxies.Vouch, next)))
}

// hasKey reports whether a path is asked with an API key. Stripe, whose webhook has none, sends no traces to go on with.
func hasKey(path string) bool { return forPrograms(path) && path != webhookPath }

// counted counts requests, and logs them: by the route alone, since a path may hold a token.
func (s *Service) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, answer := time.Now(), &answer{ResponseWriter: w, status: http.StatusOK}
		defer s.metrics.Begun()()
		defer func() {
			cause := recover()
			took, method, of := time.Since(began), route.Method(r), route.Took(r.Context())
			if !answer.begun && r.Context().Err() != nil {
				answer.status = goneBefore
			}
			if cause != nil {
				answer.status = http.StatusInternalServerError // whatever was begun: the caller's connection is cut
			}
			s.metrics.Answered(method, of, answer.status, took)
			tracing.Routed(r, method, of)
			s.cfg.Logger.LogAttrs(r.Context(), levelOf(answer.status), "answered",
				slog.String("method", method), slog.String("route", of), slog.Int("status", answer.status), slog.Duration("took", took))
			s.cut(r, cause)
		}()
		next.ServeHTTP(answer, r)
	})
}

// goneBefore is nginx's status of a request whose client has gone before anything was answered.
const goneBefore = 499

// cut ends the connection of a request whose handler panics, after a line that says why: net/http's own is nobody's alert. Who has
// said so already panics with http.ErrAbortHandler.
func (s *Service) cut(r *http.Request, cause any) {
	if cause == nil {
		return
	}
	if cause != http.ErrAbortHandler { //nolint:errorlint // the value itself is what net/http goes by
		s.cfg.Logger.ErrorContext(r.Context(), "panic while answering",
			"method", route.Method(r), "route", route.Took(r.Context()), "panic", cause, "stack", string(debug.Stack()))
	}
	panic(http.ErrAbortHandler)
}

// levelOf: what connectd could not do is worth a line.
func levelOf(status int) slog.Level {
	if status >= http.StatusInternalServerError {
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// answer knows its status.
type answer struct {
	http.ResponseWriter
	status int
	begun  bool
}

func (a *answer) WriteHeader(status int) {
	if !a.begun && status >= http.StatusOK {
		a.status, a.begun = status, true
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
