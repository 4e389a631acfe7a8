package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"
)

// Replica is every seller's readiness in this process's memory, kept up by the feed. Its answers take nanoseconds, no lock and
// no network, from any goroutine. While connectd can't be reached it answers what it knew last: Age says since when, State
// why, and with MaxAge it stops saying yes.
type Replica struct {
	table  atomic.Pointer[Table]
	heard  atomic.Pointer[time.Time]
	stale  atomic.Pointer[staleness]
	maxAge time.Duration
	done   chan struct{}

	mu     sync.Mutex
	status Status
	marked mark // the last
}

// State is what a replica is doing.
type State string

// A replica that was refused goes on trying, as one that is interrupted does.
const (
	Syncing     State = "syncing"     // it is reading every seller, at first or anew; until that is done it answers as before
	Following   State = "following"   // it knows what connectd knows
	Interrupted State = "interrupted" // connectd gives no answer
	Refused     State = "refused"     // connectd does not take the key or the request: see LastError
	Stopped     State = "stopped"     // its context has ended; it answers what it knew last
)

// Status is a replica's state, and its last trouble, which may be over.
type Status struct {
	State       State
	Since       time.Time
	LastError   error
	LastErrorAt time.Time
}

// Replica reads every seller and follows the feed until ctx ends. It returns once it holds every seller, or has them from
// its SnapshotFile and connectd gives no answer. Without such a file it tries for as long as ctx and StartWithin permit; its
// error is ctx's, or connectd's where that refuses the key or knows no such path.
func (c *Client) Replica(ctx context.Context, options ...ReplicaOption) (*Replica, error) {
	f := newFollower(c)
	for _, option := range options {
		option(f)
	}
	ctx, stop := context.WithCancel(ctx)
	go f.run(ctx)
	if err := f.settle(ctx); err != nil {
		stop()
		<-f.replica.done
		return nil, err
	}
	context.AfterFunc(ctx, stop) // releases what it holds
	return f.replica, nil
}

// settle waits until the replica answers, or can't.
func (f *follower) settle(ctx context.Context) error {
	var late <-chan time.Time
	if f.startWithin > 0 {
		timer := time.NewTimer(f.startWithin)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case err := <-f.settled:
		return err
	case <-ctx.Done():
		return fmt.Errorf("start replica: %w", errors.Join(ctx.Err(), f.replica.State().LastError))
	case <-late:
		return fmt.Errorf("start replica: nothing within %v: %w", f.startWithin, errors.Join(context.DeadlineExceeded,
			f.replica.State().LastError))
	}
}

// CanTransact tells whether the seller may transact: false for whom the replica does not know, and beyond MaxAge.
func (r *Replica) CanTransact(sellerID string) bool {
	if r.expired() || !r.table.Load().CanTransact(sellerID) {
		return false
	}
	if rule := r.stale.Load(); rule == nil || !rule.deny {
		return true
	}
	ready, _ := r.Readiness(sellerID)
	return ready.CanTransact
}

// Readiness answers from memory. One whom the replica does not know is not_connected, and ok is false.
func (r *Replica) Readiness(sellerID string) (ready Readiness, ok bool) {
	ok = r.read(sellerID, &ready)
	return ready, ok
}

func (r *Replica) read(sellerID string, into *Readiness) (ok bool) {
	expired := r.expired()
	ok = r.table.Load().read(sellerID, into)
	switch {
	case !ok:
		*into = unknown(sellerID)
	default:
		r.judge(into)
		if expired {
			*into = unconfirmed(*into)
		}
	}
	return ok
}

// judge says whether what was read is stale: as of now where that makes a no of a yes, else as of the last answer, which spares
// a look at the clock.
func (r *Replica) judge(read *Readiness) {
	rule := r.stale.Load()
	switch {
	case rule == nil:
	case rule.deny:
		rule.judge(read, time.Now())
	default:
		rule.judge(read, *r.heard.Load())
	}
}

// Position is how far of the feed the replica has come: a number that Connectd-Position and a return_url's position compare
// with.
func (r *Replica) Position() int64 { return r.table.Load().Position() }

// All ranges over the sellers in no particular order, with what was known last.
func (r *Replica) All() iter.Seq[Readiness] {
	return func(yield func(Readiness) bool) {
		for ready := range r.table.Load().All() {
			r.judge(&ready)
			if !yield(ready) {
				return
			}
		}
	}
}

// Len counts the sellers.
func (r *Replica) Len() int { return r.table.Load().Len() }

// Age is how long ago the replica last heard from connectd that it knows everything: at most 10 s or so while all is well. Of
// the process's clock and the machine's the one counts that says more: the former stands still while a machine is suspended,
// and the latter can be set back. One that is set ahead makes a replica old until its next answer.
func (r *Replica) Age() time.Duration {
	return elapsed(*r.heard.Load(), time.Now())
}

// elapsed is by the process's clock or the machine's, the one that says more.
func elapsed(since, now time.Time) time.Duration {
	return max(now.Sub(since), now.Round(0).Sub(since.Round(0)))
}

// State is what the replica is doing, since when, and what went wrong last.
func (r *Replica) State() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// Done is closed once the replica has stopped and its file is written.
func (r *Replica) Done() <-chan struct{} { return r.done }

// expired asks the clock at each read: a process that was stopped for a while must not say yes before a timer has its turn. It
// is asked before the table is read: what is read then is no older than what the age is of.
func (r *Replica) expired() bool { return r.maxAge > 0 && r.Age() > r.maxAge }

// publish has the mark's table read from now on, and answers the one before it.
func (r *Replica) publish(m mark) (former *Table) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.marked = m
	r.stale.Store(m.stale) // before the table: whoever sees the table judges it by this
	former = r.table.Swap(m.table)
	r.heard.Store(&m.heard) // after the table: whoever sees the age sees the table
	return former
}

func (r *Replica) lastMark() mark {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.marked
}

// turn changes the state; Since is when it became what it is.
func (r *Replica) turn(to State, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if to != r.status.State {
		r.status.State, r.status.Since = to, now
	}
	if err != nil {
		r.status.LastError, r.status.LastErrorAt = err, now
	}
}

var (
	notConnected = []Reason{{Code: "not_connected", Message: "No Stripe account is connected yet.", Who: "seller"}}
	notConfirmed = Reason{
		Code: "not_confirmed", Who: "platform", Message: "connectd has not been heard of for too long to rely on what was known last.",
	}
)

// unknown is what the server, too, answers of a seller who was never connected.
func unknown(sellerID string) Readiness {
	return Readiness{
		SellerID: sellerID, Status: "not_connected", Reasons: notConnected,
		Requirements: Requirements{
			CurrentlyDue: []string{}, PastDue: []string{}, EventuallyDue: []string{}, PendingVerification: []string{},
			Errors: []RequirementError{},
		},
	}
}

func unconfirmed(r Readiness) Readiness {
	r.CanTransact = false
	r.Reasons = append([]Reason{notConfirmed}, r.Reasons...)
	return r
}
