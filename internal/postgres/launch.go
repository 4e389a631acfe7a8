package postgres

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// stopSteps end a server: a fast shutdown, then one without a checkpoint (recovered at the next start), then the last
// resort. Together they stay within the 15 seconds that connectd takes to stop.
// https://www.postgresql.org/docs/current/server-shutdown.html
var stopSteps = []struct {
	signal   syscall.Signal
	patience time.Duration
}{
	{syscall.SIGINT, 8 * time.Second},
	{syscall.SIGQUIT, 3 * time.Second},
	{syscall.SIGKILL, 2 * time.Second},
}

// server is a running postgres, a child of this process.
type server struct {
	cmd    *exec.Cmd
	port   int
	began  time.Time
	exited chan struct{} // closed once it is gone, with err set
	err    error
}

// startServer starts postgres on the order's folder and returns once it takes connections.
func startServer(ctx context.Context, o order) (*server, error) {
	for began := time.Now(); ; {
		port, err := choosePort(ctx, o)
		if err != nil {
			return nil, err
		}
		mark := logSize(folder(o.Dir))
		s, err := launch(ctx, o, port)
		if err == nil {
			return s, nil
		}
		said := logSince(folder(o.Dir), mark)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if passing(said) && time.Since(began) < 10*time.Second {
			if err := pause(ctx); err != nil {
				return nil, err
			}
			continue
		}
		return nil, fmt.Errorf("start Postgres: %w: %s (more in %s)", err, lastLines(said), folder(o.Dir).log())
	}
}

// passing tells what is over in a moment: what is left of a killed server, and a free port that someone else took first.
func passing(said []byte) bool {
	for _, cause := range []string{
		"pre-existing shared memory block",          // backends that notice its death only now
		`lock file "postmaster.pid" already exists`, // it is dead, but still has to be reaped
		"could not create any TCP/IP sockets",       // the port
	} {
		if bytes.Contains(said, []byte(cause)) {
			return true
		}
	}
	return false
}

func choosePort(ctx context.Context, o order) (int, error) {
	if o.Port != 0 {
		if err := tryPort(ctx, o.Port); err != nil {
			return 0, fmt.Errorf("port %d on 127.0.0.1 can't be had for Postgres: %w", o.Port, err)
		}
		return o.Port, nil
	}
	// The port of the last time, so that a URL that was noted down stays good.
	if o.LastPort != 0 && tryPort(ctx, o.LastPort) == nil {
		return o.LastPort, nil
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port for Postgres: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func tryPort(ctx context.Context, port int) error {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return listener.Close()
}

func launch(ctx context.Context, o order, port int) (*server, error) {
	f := folder(o.Dir)
	args := []string{"-D", f.data(), "-p", strconv.Itoa(port)}
	for _, setting := range o.Durability.settings() {
		args = append(args, "-c", setting)
	}
	// Not CommandContext: that would kill it, and it is to be shut down.
	cmd := exec.Command(o.Binaries.path("postgres"), args...) //nolint:noctx
	cmd.Env = serverEnviron()
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.SysProcAttr = serverProcess()
	s := &server{cmd: cmd, port: port, began: time.Now(), exited: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.err = fmt.Errorf("the Postgres server ended by itself: %w", cmp.Or(cmd.Wait(), errors.New("exit status 0")))
		close(s.exited)
	}()
	if err := s.waitReady(ctx, f); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// waitReady watches postmaster.pid as pg_ctl does: its eighth line turns to "ready". A recovery may take its time, so
// nothing but ctx bounds it.
func (s *server) waitReady(ctx context.Context, f folder) error {
	for {
		if s.ready(f) {
			return nil
		}
		select {
		case <-s.exited:
			return s.err
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// ready looks at the start time too: after the restart of a container the file of the former server is still there, and
// the new one may well have the same process id.
func (s *server) ready(f folder) bool {
	pid, _ := f.serverPID()
	started, _ := strconv.ParseInt(f.pidLine(2), 10, 64)
	return pid == s.cmd.Process.Pid && started >= s.began.Unix() && f.pidLine(7) == "ready"
}

// stop ends the server, gently at first. It returns an error only if that could not be done.
func (s *server) stop() error {
	for _, step := range stopSteps {
		_ = s.cmd.Process.Signal(step.signal) // an error means that it is gone
		select {
		case <-s.exited:
			return nil
		case <-time.After(step.patience):
		}
	}
	return fmt.Errorf("the Postgres server (process %d) does not stop", s.cmd.Process.Pid)
}
