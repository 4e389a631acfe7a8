package main

import (
	"context"
	"log/slog"
	"sync"

	"github.com/connectd/connectd/internal/systemd"
)

// managed is a service that systemd watches.
type managed struct {
	manager systemd.Manager
	logger  *slog.Logger
	end     context.CancelFunc
	beating sync.WaitGroup
}

// manage tells systemd that the service is ready, and from then on that it is alive, for as long as it answers on addr.
func manage(manager systemd.Manager, addr string, logger *slog.Logger) *managed {
	ctx, end := context.WithCancel(context.Background())
	m := &managed{manager: manager, logger: logger, end: end}
	m.tell(systemd.Ready)
	m.beating.Go(func() {
		manager.Beat(ctx, func(ctx context.Context) error { return healthy(ctx, addr) },
			func(err error) { logger.Error("no beat for systemd's watchdog", "error", err) })
	})
	return m
}

// Stop tells that the service stops.
func (m *managed) Stop(context.Context) error {
	m.end()
	m.beating.Wait()
	m.tell(systemd.Stopping)
	return nil
}

// tell logs what fails: a service that systemd does not hear serves all the same.
func (m *managed) tell(state string) {
	if err := m.manager.Tell(state); err != nil {
		m.logger.Warn("systemd could not be told", "state", state, "error", err)
	}
}
