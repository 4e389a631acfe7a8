package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"time"
)

var errAskerGone = errors.New("who asked for the server is gone")

// Main turns a process that StartServer or ShareServer started into the supervisor of its Postgres server and does not
// return from that; in all other processes it returns at once. It has to be the first line of main, and of TestMain in
// whatever tests start servers.
func Main() {
	if !slices.Equal(os.Args[1:], []string{supervisorArgument}) || os.Getenv(supervisorVariable) == "" {
		return
	}
	// The kernel signals the server when the thread that started it ends (PR_SET_PDEATHSIG), so that must be this one.
	runtime.LockOSThread()
	if err := supervise(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "connectd's supervisor:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func supervise(stdin io.Reader, stdout io.WriteCloser) error {
	// Ctrl-C and a service manager's signals go to whole groups of processes. They are for connectd, which then closes the
	// pipe. Caught rather than ignored: what is ignored would be ignored in Postgres too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	syscall.Umask(0o077)

	var o order
	if err := json.NewDecoder(stdin).Decode(&o); err != nil {
		return fmt.Errorf("read the order: %w", err)
	}
	wanted, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	release, err := o.watch(wanted, cancel, stdin)
	if err != nil {
		return errors.Join(err, reply(stdout, answer{Error: err.Error()}))
	}
	defer release()
	held, running, err := takeOver(wanted, o)
	if err != nil {
		return errors.Join(err, reply(stdout, answer{Error: err.Error()}))
	}
	defer held.file.Close() // and not before the server is gone
	if err := reply(stdout, answer{Port: running.port}); err != nil {
		fmt.Fprintln(os.Stderr, "connectd's supervisor:", err) // whether the server is still wanted is told elsewhere
	}
	return keep(wanted, o, held, running)
}

// watch calls cancel once the server is no longer wanted. Until release nobody can come to want it again.
func (o order) watch(ctx context.Context, cancel context.CancelCauseFunc, stdin io.Reader) (release func(), err error) {
	if o.Lifetime == whilePiped {
		go func() {
			_, _ = io.Copy(io.Discard, stdin)
			cancel(errAskerGone)
		}()
		return func() {}, nil
	}
	users, err := folder(o.Dir).open(usersName, os.O_RDWR)
	if err != nil {
		return nil, fmt.Errorf("open data folder: %w", err)
	}
	go func() { cancel(waitUnused(ctx, users, o.Idle)) }()
	return func() { users.Close() }, nil
}

// waitUnused returns once nobody has held users for the time idle, and then holds it alone, so that a newcomer waits
// for the end of the stop and starts anew.
func waitUnused(ctx context.Context, users *os.File, idle time.Duration) error {
	lastUsed := time.Now()
	for {
		free, err := tryFlock(users, syscall.LOCK_EX)
		if err != nil {
			return err
		}
		if !free {
			lastUsed = time.Now()
		} else if time.Since(lastUsed) >= idle {
			return errAskerGone
		} else if err := syscall.Flock(int(users.Fd()), syscall.LOCK_UN); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// takeOver makes the folder this supervisor's and starts its server.
func takeOver(ctx context.Context, o order) (*claim, *server, error) {
	f := folder(o.Dir)
	held, err := claimFolder(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	if err := dropRoot(f); err != nil {
		return nil, nil, err
	}
	if err := stopLeftover(ctx, f); err != nil {
		return nil, nil, err
	}
	if err := ensureCluster(ctx, o); err != nil {
		return nil, nil, err
	}
	running, err := startServer(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	held.Port = running.port
	if err := held.enter(stateReady); err != nil {
		return nil, nil, errors.Join(err, running.stop())
	}
	return held, running, nil
}

// keep waits until the server is no longer wanted and stops it.
func keep(wanted context.Context, o order, held *claim, running *server) error {
	select {
	case <-running.exited:
		return running.err
	case <-wanted.Done():
	}
	err := errors.Join(held.enter(stateStopping), running.stop())
	if o.Durability == disposable {
		err = errors.Join(err, os.RemoveAll(folder(o.Dir).data()))
	}
	return err
}

func reply(stdout io.WriteCloser, a answer) error {
	return errors.Join(json.NewEncoder(stdout).Encode(a), stdout.Close())
}
