package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// state is the world, its lock and the file that keeps it. Every request is one view or one update of it, so what a
// request reads is of one moment, and what it changes comes about at once.
type state struct {
	// writing is held by the one who prepares a change and writes it to the file, mu only while it comes about: reading
	// goes on meanwhile. The world changes under both, so that either is enough to read it.
	writing  sync.Mutex
	mu       sync.RWMutex
	world    *world
	journal  *journal
	observer observer
	logger   *slog.Logger
	rewriter rewriter
}

// observer is told of what changed, in order, before anyone else can change more. It must not block.
type observer interface {
	committed(w *world, c *change)
}

// openState reads the state file, if there is one, writes it anew in its shortest form and keeps it open.
func openState(ctx context.Context, cfg Config) (*state, error) {
	w := newWorld(newClock(cfg.Now))
	j, err := openJournal(ctx, cfg.StateFile, w)
	if err != nil {
		return nil, err
	}
	s := &state{world: w, journal: j, logger: cfg.Logger, rewriter: newRewriter(cfg.RewriteFrom)}
	s.journal.rewriteAt = s.rewriter.nextAt(j.size)
	if err := s.ensurePlatform(); err != nil {
		return nil, errors.Join(fmt.Errorf("make the default platform: %w", err), j.close())
	}
	return s, nil
}

func (s *state) ensurePlatform() error {
	if len(s.world.platforms) > 0 && s.world.platforms[0].WebhookSecret != "" {
		return nil
	}
	return s.update(func(tx *transaction) error {
		p := newPlatform(tx.now.Unix())
		if len(tx.platforms) > 0 { // of a state file from before platforms had a secret
			secret := p.WebhookSecret
			p = *tx.platforms[0]
			p.WebhookSecret = secret
		}
		tx.change.Platforms = append(tx.change.Platforms, p)
		return nil
	})
}

// subscribe tells the observer of every later change. Only before the sandbox serves.
func (s *state) subscribe(o observer) {
	s.observer = o
	o.committed(s.world, &change{Delivery: &s.world.delivery, Events: s.undelivered()})
}

func (s *state) undelivered() []event {
	var events []event
	for _, e := range s.world.timeline {
		if len(e.Pending) > 0 {
			events = append(events, *e)
		}
	}
	return events
}

func (s *state) close() error {
	s.stopRewriting()
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.journal.close()
}

// transaction is one request's sight of the world and, in an update, what it brings about. Nothing in the world changes
// before it has ended without an error.
type transaction struct {
	*world
	now    time.Time
	change change
}

// view runs read on the world as it is at one moment.
func (s *state) view(read func(*transaction) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return read(&transaction{world: s.world, now: s.world.clock.now()})
}

// update runs write alone and then keeps and applies the change that it made. Where write answers an error nothing
// changes.
func (s *state) update(write func(*transaction) error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	tx := &transaction{world: s.world, now: s.world.clock.now()}
	if err := write(tx); err != nil {
		return err
	}
	if err := s.journal.append(&tx.change); err != nil {
		return fmt.Errorf("keep the change: %w", err)
	}
	s.apply(&tx.change)
	if s.observer != nil {
		s.observer.committed(s.world, &tx.change)
	}
	s.rewriteWhereWorthwhile()
	return nil
}

// put keeps and applies a change that depends on nothing.
func (s *state) put(c change) error {
	return s.update(func(tx *transaction) error {
		tx.change = c
		return nil
	})
}

func (s *state) apply(c *change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.apply(c)
}

// putAccount has the account kept as it is now.
func (tx *transaction) putAccount(a account) {
	tx.change.Accounts = append(tx.change.Accounts, a)
}

// connect lets the platform act on the account, from now on.
func (tx *transaction) connect(a *account, p *platform) {
	connected := *a
	connected.Platforms = append(slices.Clone(a.Platforms), p.Account)
	tx.putAccount(connected)
	tx.emitApplicationEvent("account.application.authorized", a, p)
}

// disconnect takes the account from the platform and tells it.
func (tx *transaction) disconnect(a *account, p *platform) {
	gone := *a
	gone.Platforms = slices.DeleteFunc(slices.Clone(a.Platforms), func(id string) bool { return id == p.Account })
	tx.putAccount(gone)
	tx.emitApplicationEvent("account.application.deauthorized", a, p)
}

// notice says whether a change sends its event; silent is a webhook that got lost.
type notice int

const (
	announced notice = iota
	silent
)
