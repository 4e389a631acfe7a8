// Package systemd tells systemd of a service what sd_notify(3) can: that it is ready, that it stops, and, as long as it
// works, that it does.
//
// It may import the standard library alone. Its one rule: without systemd it tells nobody, and nothing fails.
package systemd

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

// What can be told (https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html).
const (
	Ready    = "READY=1"
	Stopping = "STOPPING=1"
	alive    = "WATCHDOG=1"
)

// Manager is the systemd that started this process, if any did.
type Manager struct {
	socket   string        // "": nobody listens
	watchdog time.Duration // within which it wants to hear that the service is alive; 0: never
}

// FromEnvironment takes what systemd has set out of the environment: what this process starts must not speak for it, and Debian's
// Postgres would.
func FromEnvironment() Manager {
	m := Manager{socket: os.Getenv("NOTIFY_SOCKET")}
	micros, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if pid := os.Getenv("WATCHDOG_PID"); err == nil && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		m.watchdog = time.Duration(micros) * time.Microsecond
	}
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		_ = os.Unsetenv(name) // fails only for names that can't be set
	}
	return m
}

// Tell sends one state.
func (m Manager) Tell(state string) error {
	if m.socket == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: m.socket, Net: "unixgram"}) // @ is Go's for an abstract one too
	if err != nil {
		return fmt.Errorf("tell systemd: %w", err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("tell systemd: %w", err)
	}
	return nil
}

// Beat tells the watchdog that the service is alive, at once and then three times in each of its intervals, until ctx ends. Where
// works fails, or takes longer than a third of the interval, nothing is told, and in the end systemd starts the service anew.
func (m Manager) Beat(ctx context.Context, works func(context.Context) error, missed func(error)) {
	if m.socket == "" || m.watchdog <= 0 {
		return
	}
	every := m.watchdog / 3
	tick := time.NewTicker(every)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := m.beat(ctx, every, works); err != nil && ctx.Err() == nil {
			missed(err)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

func (m Manager) beat(ctx context.Context, within time.Duration, works func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err := works(ctx); err != nil {
		return err
	}
	return m.Tell(alive)
}
