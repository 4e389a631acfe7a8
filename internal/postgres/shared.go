package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"
	"time"
)

// Shared is a process's use of a server that several processes share.
type Shared struct {
	url   string
	users *os.File
}

// ShareServer returns the use of the one server that all processes share that name the same folder; the first starts
// it, detached from itself. It is for tests: fast, not durable, its data thrown away once nobody has used it for ten
// seconds, or at the next start. The use ends with Close or with the process.
func ShareServer(ctx context.Context, dir string, logger *slog.Logger) (*Shared, error) {
	shared, err := shareServer(ctx, dir, logger, 10*time.Second)
	if err != nil {
		return nil, fmt.Errorf("share a Postgres server: %w", err)
	}
	return shared, nil
}

func shareServer(ctx context.Context, dir string, logger *slog.Logger, idle time.Duration) (*Shared, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	starter, err := f.lock(ctx, starterName, syscall.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer starter.Close()
	users, err := f.lock(ctx, usersName, syscall.LOCK_SH)
	if err != nil {
		return nil, err
	}
	url, err := joinOrStart(ctx, f, logger, idle)
	if err != nil {
		return nil, errors.Join(err, users.Close())
	}
	return &Shared{url: url, users: users}, nil
}

// URL is as Server.URL, but of the database postgres, which everyone leaves as it is and makes databases beside.
func (s *Shared) URL() string { return s.url }

// Close ends this process's use of the server.
func (s *Shared) Close() error { return s.users.Close() }

// joinOrStart joins the server that runs, waits for one that starts or stops, and else starts one.
func joinOrStart(ctx context.Context, f folder, logger *slog.Logger, idle time.Duration) (url string, err error) {
	for {
		h, held, err := f.currentHolder()
		if err != nil {
			return "", err
		}
		if held && h.State == stateReady {
			return f.url(h.Port, "postgres")
		}
		if !held {
			port, err := startShared(ctx, f, logger, idle)
			if err == nil {
				return f.url(port, "postgres")
			}
			// A process that was killed may have left a supervisor that claimed the folder just before ours.
			if _, held, _ := f.currentHolder(); !held {
				return "", err
			}
		}
		if err := pause(ctx); err != nil {
			return "", err
		}
	}
}

func startShared(ctx context.Context, f folder, logger *slog.Logger, idle time.Duration) (port int, err error) {
	// What an earlier server left is thrown away, so its version does not matter.
	found, err := newFinder().find(ctx, 0, logger)
	if err != nil {
		return 0, err
	}
	supervisor, err := hire(ctx, order{
		Dir: string(f), PID: os.Getpid(), Binaries: found, Durability: disposable, Lifetime: whileUsed, Idle: idle,
	})
	if err != nil {
		return 0, err
	}
	return supervisor.port, errors.Join(supervisor.pipe.Close(), supervisor.cmd.Process.Release())
}

// currentHolder reads who holds the folder. A holder whose file is just being written has no state.
func (f folder) currentHolder() (h holder, held bool, err error) {
	file, err := f.open(holderName, os.O_RDWR)
	if err != nil {
		return holder{}, false, err
	}
	defer file.Close()
	free, err := tryFlock(file, syscall.LOCK_SH)
	if err != nil || free {
		return holder{}, false, err
	}
	h, err = readHolder(file)
	if err != nil {
		return holder{}, true, nil
	}
	return h, true, nil
}
