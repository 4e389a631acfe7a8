package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Config is what a sandbox is started with. The zero value is a sandbox in memory on a free port of loopback.
type Config struct {
	// Addr is the host and port to listen on; "" is 127.0.0.1:0, a free port of loopback.
	Addr string
	// StateFile keeps the state between starts; "" keeps it in memory alone. One process at a time may have it.
	StateFile string
	// RewriteFrom is the size in bytes from which the state file is written anew, in its shortest form, each time that it
	// has doubled; 0 is 16 MiB. Requests go on meanwhile.
	RewriteFrom int64
	// Logger takes what goes wrong; nil discards it.
	Logger *slog.Logger
	// Now is the clock under the sandbox's own, which /sandbox/clock moves ahead of it; nil is time.Now.
	Now func() time.Time
	// RetryDelay is how long a webhook that got no 2xx waits to be delivered again; 0 is 2 s. It doubles with each repeat,
	// up to a minute.
	RetryDelay time.Duration
	// OnDelivery, where given, hears of each delivery and how it was answered, one at a time for each endpoint. It must
	// not call the sandbox.
	OnDelivery func(Delivery)
}

// Sandbox is a running sandbox. Its methods are safe for concurrent use.
type Sandbox struct {
	state      *state
	dispatcher *dispatcher
	requests   *requestLog
	foreigners *foreigners
	logger     *slog.Logger

	server   *http.Server
	port     int
	serving  chan struct{}
	stopping chan struct{}
	watching sync.WaitGroup
}

// Start opens the state file, if there is one, and listens. It serves until Stop; ctx bounds the start alone.
func Start(ctx context.Context, cfg Config) (*Sandbox, error) {
	cfg = cfg.withDefaults()
	st, err := openState(ctx, cfg)
	if err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", cfg.Addr)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen on %s: %w", cfg.Addr, err), st.close())
	}
	s := newSandbox(cfg, st)
	bound := listener.Addr().(*net.TCPAddr)
	s.port = bound.Port
	if !bound.IP.IsLoopback() {
		cfg.Logger.Warn("sandbox can be reached from other machines: its controls ask for no key", "addr", bound.String())
	}
	go s.serve(listener)
	s.watching.Go(s.watchDeadlines)
	return s, nil
}

func (cfg Config) withDefaults() Config {
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.RewriteFrom == 0 {
		cfg.RewriteFrom = 16 << 20
	}
	if cfg.RetryDelay == 0 {
		cfg.RetryDelay = 2 * time.Second
	}
	return cfg
}

func newSandbox(cfg Config, st *state) *Sandbox {
	s := &Sandbox{
		state:      st,
		requests:   newRequestLog(),
		foreigners: newForeigners(cfg.Addr),
		logger:     cfg.Logger,
		serving:    make(chan struct{}),
		stopping:   make(chan struct{}),
	}
	s.dispatcher = newDispatcher(st, cfg)
	st.subscribe(s.dispatcher)
	s.server = &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelWarn),
	}
	return s
}

func (s *Sandbox) serve(listener net.Listener) {
	defer close(s.serving)
	if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		s.logger.Error("sandbox stopped serving", "error", err)
	}
}

// URL is where the sandbox listens, on loopback: http://127.0.0.1:PORT with the port that was really bound.
func (s *Sandbox) URL() string {
	return fmt.Sprintf("http://127.0.0.1:%d", s.port)
}

// Stop lets requests and deliveries in flight end, or cuts them off when ctx ends, and closes the state file.
// What was not delivered yet is in the state file and is delivered after the next Start. Call it once.
func (s *Sandbox) Stop(ctx context.Context) error {
	close(s.stopping)
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("drain requests: %w", err), s.server.Close())
	}
	<-s.serving
	s.watching.Wait()
	s.dispatcher.stop(ctx)
	return errors.Join(err, s.state.close())
}

// now is the time by the sandbox's clock.
func (s *Sandbox) now() time.Time {
	return s.state.world.clock.now()
}

// pause waits for d, or less where the caller has gone or the sandbox is being stopped.
func (s *Sandbox) pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-s.stopping:
	}
}
