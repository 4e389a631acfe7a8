package scan

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

const (
	maxInFlight = 1024             // checks at a time in one process; what Stripe's latency makes of the rate is far below
	outageAfter = 10               // checks in a row without an answer of Stripe's
	callLasts   = 10 * time.Second // at most
	flushWithin = 5 * time.Second
)

// ErrOutage says that Stripe did not answer several checks in a row.
var ErrOutage = errors.New("no answer from Stripe")

// Tick works on the open pass, or opens one where an account is due at now, until nothing is left that it may take. It
// returns how many accounts it took. Time goes on while it works: each batch's claim lasts from when it is made.
func (s *Scanner) Tick(ctx context.Context, now time.Time) (int, error) {
	ctx = postgres.Bounded(ctx, s.answerWithin)
	began := s.clock.Now()
	if err := s.registry.Recall(ctx, now, longestHold); err != nil {
		return 0, err
	}
	pass, open, err := s.passes.join(ctx, now)
	if err != nil || !open {
		return 0, err
	}
	w := &work{
		Scanner: s, pass: pass, turns: s.stripe.Turns(), room: make(chan struct{}, s.maxInFlight),
		// What a pass makes due is due as of its start, by the clock of who has started it.
		now: func() time.Time { return account.Later(now.Add(s.clock.Since(began)), pass.StartedAt) },
	}
	err = w.do(ctx)
	err = errors.Join(err, w.flush(context.WithoutCancel(ctx)), w.leave(context.WithoutCancel(ctx)))
	if err == nil {
		err = s.passes.finishIfDone(ctx, pass.ID, w.now())
	}
	return int(w.taken.Load()), err
}

// work is what one process does for a pass in one tick.
type work struct {
	*Scanner
	pass  db.Scan
	turns *stripeapi.Turns
	turn  *stripeapi.Client // one that was waited for and not used
	now   func() time.Time

	inFlight sync.WaitGroup
	room     chan struct{} // for checks in flight

	taken       atomic.Int64 // accounts whose check has ended, one way or another
	fellDue     atomic.Int64 // of them, since the pass was opened
	failed      atomic.Int64
	inARow      atomic.Int64 // checks that Stripe did not answer
	refused     atomic.Pointer[stripeapi.Error]
	pagesFailed int   // of Stripe's list, in a row
	accounted   int64 // turns that the pass's row counts already
	copied      bool  // the revisions that a pass by list pages needs are
}

// do claims a batch whenever all of the last one are on their way. It never waits for a batch to end: what is in flight
// follows from the rate and Stripe's latency.
func (w *work) do(ctx context.Context) error {
	defer w.inFlight.Wait()
	size := w.batch
	for idle := false; ctx.Err() == nil; {
		if open, err := w.isOpen(ctx); err != nil || !open {
			return err
		}
		if err := w.prepare(ctx); err != nil {
			return err
		}
		walked, err := w.walk(ctx)
		if err := errors.Join(err, w.trouble()); err != nil {
			return err
		}
		claims, err := w.registry.ClaimDueSince(ctx, w.since(), w.now(), claimLasts, size)
		if err != nil {
			return err
		}
		started, err := w.start(ctx, claims)
		if err != nil {
			return err
		}
		size = min(w.batch, max(1, 2*started)) // fewer where turns come so slowly that claims grew old
		if len(claims) == 0 && !walked {
			w.inFlight.Wait()
			if err := w.trouble(); err != nil || idle {
				return err
			}
		}
		idle = len(claims) == 0 && !walked // then once more: what was in flight may have left something due
		if err := w.flush(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// start sends the checks of claimed accounts on their way, each at its turn, and returns how many. Where turns come so slowly
// that a claim has grown old, the turn is kept for a new one, and this claim and the rest are given back.
func (w *work) start(ctx context.Context, claims []registry.Claim) (started int, err error) {
	for i, claim := range claims {
		w.room <- struct{}{} // a check in flight ends in time
		stripe, err := w.nextTurn(ctx)
		if err != nil {
			return started, err
		}
		if w.isOld(claim) {
			<-w.room
			w.turn = stripe
			return started, w.registry.Unclaim(ctx, claims[i:])
		}
		w.inFlight.Go(func() {
			defer func() { <-w.room }()
			w.check(ctx, stripe, claim)
		})
		started++
		if err := w.trouble(); err != nil {
			return started, errors.Join(err, w.giveBack(ctx, claims[i+1:]))
		}
	}
	return started, nil
}

func (w *work) nextTurn(ctx context.Context) (*stripeapi.Client, error) {
	if kept := w.turn; kept != nil {
		w.turn = nil
		return kept, nil
	}
	stripe, err := w.turns.Next(ctx)
	if err != nil {
		return nil, fmt.Errorf("wait for a turn: %w", err)
	}
	return stripe, nil
}

// isOpen reports whether the pass is still the open one: another replica may have ended it.
func (w *work) isOpen(ctx context.Context) (bool, error) {
	pass, open, err := w.passes.current(ctx)
	if err != nil || !open || pass.ID != w.pass.ID {
		return false, err
	}
	if pass.State == "braked" && w.pass.State == "running" {
		w.logger.Warn("the scan is braked: it holds accounts back that it would make unable; look at its report, and release the brake with connectd scan resume",
			"scan", pass.ID, "held_back", pass.HeldBack)
	}
	w.follow(pass)
	return true, nil
}

// follow takes over what others have made of the pass; the rest is read by checks in flight, and never changes.
func (w *work) follow(pass db.Scan) {
	w.pass.State, w.pass.Listing, w.pass.DueThrough = pass.State, pass.Listing, pass.DueThrough
}

// isOld reports whether the claim may end before Stripe's answer comes, and another replica have the account then.
func (w *work) isOld(claim registry.Claim) bool { return w.now().Add(callLasts).After(claim.Ends) }

// prepare does what a pass needs before its accounts are taken; any replica may, and one that was killed has lost nothing.
func (w *work) prepare(ctx context.Context) error {
	if err := w.copyRevisions(ctx); err != nil {
		return err
	}
	for w.pass.DueThrough != nil && ctx.Err() == nil {
		next, err := w.passes.makeDue(ctx, w.pass)
		if err != nil {
			return err
		}
		w.follow(next)
	}
	if !w.pass.Freed {
		return ctx.Err()
	}
	return w.passes.releaseFreed(ctx, w.pass.ID)
}

// flush adds to the pass's row what its accounts do not tell.
func (w *work) flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, flushWithin)
	defer cancel()
	taken := w.turns.Taken()
	calls := taken - w.accounted
	w.accounted = taken
	return w.passes.add(ctx, db.AddToScanParams{
		ID: w.pass.ID, Due: w.fellDue.Swap(0), Failed: w.failed.Swap(0), StripeCalls: calls,
	})
}
