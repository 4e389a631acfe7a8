package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres"
)

const (
	pollEvery  = 100 * time.Millisecond // without a NOTIFY
	pollRest   = 10 * time.Millisecond  // between two polls: under load it gathers what a thousand followers are woken for
	leastRest  = time.Millisecond       // where a reader of the copy waits for the next one
	pollWithin = 2 * time.Second        // a connection that is cut without a word is given up then
	retryEvery = 500 * time.Millisecond // to connect
	pageSize   = 500
)

// follow keeps the window up to date until ctx ends.
func (f *Feed) follow(ctx context.Context) {
	defer close(f.stopped)
	for failing := false; ; failing = true {
		polled, err := f.poll(ctx)
		if ctx.Err() != nil {
			return
		}
		if polled || !failing {
			f.cfg.Logger.WarnContext(ctx, "the feed can't be read; trying until it can", "error", err)
		}
		pause(ctx, retryEvery)
	}
}

// poll polls on a connection of its own until that fails.
func (f *Feed) poll(ctx context.Context) (polled bool, err error) {
	s, err := f.connect(ctx)
	if err != nil {
		return false, err
	}
	defer s.close()
	for {
		s.notified = false
		f.hurry.begin()
		if err := f.advance(ctx, s.Conn); err != nil {
			return polled, err
		}
		polled = true
		if err := f.rest(ctx, s); err != nil {
			return polled, err
		}
	}
}

// rest returns when it is time for the next poll.
func (f *Feed) rest(ctx context.Context, s *session) error {
	pause(ctx, leastRest)
	unhurried, done := f.hurry.unless(ctx)
	defer done()
	pause(unhurried, pollRest-leastRest)
	if unhurried.Err() == nil {
		if err := s.wait(unhurried); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// session is the tail's own connection.
type session struct {
	*pgx.Conn
	notified bool
}

func (f *Feed) connect(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, pollWithin)
	defer cancel()
	s := &session{}
	conn, err := postgres.Connect(ctx, f.cfg.DirectURL, func(*pgconn.PgConn, *pgconn.Notification) { s.notified = true })
	if err != nil {
		return nil, err
	}
	s.Conn = conn
	if _, err := conn.Exec(ctx, "listen connectd_feed"); err != nil {
		f.cfg.Logger.WarnContext(ctx, "the database takes no LISTEN, so that changes are seen up to 100 ms later; "+
			"set CONNECTD_DATABASE_DIRECT_URL to a URL without a pooler between", "error", err)
	}
	return s, nil
}

func (s *session) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.Close(ctx) // there is nothing to lose on it
}

// wait returns at the next NOTIFY, or after pollEvery. A NOTIFY that came since the last poll began counts.
func (s *session) wait(ctx context.Context) error {
	until, cancel := context.WithTimeout(ctx, pollEvery)
	defer cancel()
	if !s.notified {
		if err := s.PgConn().WaitForNotification(until); err != nil && until.Err() == nil {
			return fmt.Errorf("wait for a NOTIFY: %w", err)
		}
	}
	return nil
}

// advance moves the window to where the feed is.
func (f *Feed) advance(ctx context.Context, from db.DBTX) error {
	asked := time.Now()
	at, err := f.now(ctx, from)
	if err != nil {
		return err
	}
	if f.window.Load().end.checkAgainst(at) != nil {
		f.startOver(ctx, at)
	}
	for f.window.Load().end.Position < at.Position {
		if err := f.extend(ctx, from, at); err != nil {
			return err
		}
	}
	f.window.Store(f.window.Load().confirmed(asked))
	return nil
}

// extend takes the next entries in. Where they are missing it goes on at the feed's end; followers are told by their next read.
func (f *Feed) extend(ctx context.Context, from db.DBTX, at Cursor) error {
	ctx, cancel := context.WithTimeout(ctx, pollWithin)
	defer cancel()
	w := f.window.Load()
	entries, err := f.read(ctx, from, w.end, pageSize)
	switch {
	case errors.Is(err, errTooOld):
		f.replace(w.movedTo(at))
	case err != nil:
		return err
	default:
		f.replace(w.extended(entries))
	}
	return nil
}

// startOver lets go of what was restored away. Followers are told by their next read.
func (f *Feed) startOver(ctx context.Context, at Cursor) {
	w := f.window.Load()
	was := w.end
	if was.Epoch == at.Epoch {
		f.cfg.Registry.ReachAnew(at.place())
		f.cfg.Logger.ErrorContext(ctx, "the feed went back, as by a restore from a backup: run connectd migrate restored, "+
			"or followers may take new changes for known ones", "was", was.String(), "is", at.String())
	} else {
		f.cfg.Logger.WarnContext(ctx, "the feed has another epoch: the database was restored, and followers start over",
			"was", was.String(), "is", at.String())
	}
	f.replace(w.backAt(at))
}

// replace puts a window in place that has more, and wakes those who wait.
func (f *Feed) replace(w *window) {
	close(f.window.Swap(w).more)
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
