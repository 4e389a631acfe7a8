package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"time"
)

const (
	// deadlineWatch is how often the clock is looked at; who moves it by command need not wait for that.
	deadlineWatch = time.Second
	// deadlinesAtOnce keeps the lock short where many deadlines pass together.
	deadlinesAtOnce = 500
)

// never is the deadline of what has none.
const never = math.MaxInt64

// deadlineHash is what of requirements or future_requirements tells when something happens.
type deadlineHash struct {
	CurrentDeadline *int64 `json:"current_deadline"`
}

// nextDeadline is when Stripe will act on the account by itself, in Unix seconds: the earlier of its requirements'
// deadline and its future requirements', else never.
func (a *account) nextDeadline() int64 {
	if a.Deleted {
		return never
	}
	at := int64(never)
	for _, name := range []string{"requirements", "future_requirements"} {
		i := slices.IndexFunc(a.Overrides, func(o override) bool { return o.Name == name })
		if i < 0 {
			if name == "requirements" && a.Persona.standing().hasDeadline {
				at = min(at, a.Created+int64(deadlineAfter/time.Second))
			}
			continue
		}
		var hash deadlineHash
		if json.Unmarshal(a.Overrides[i].Value, &hash) == nil { // a patch may have put anything there
			at = min(at, valueOr(hash.CurrentDeadline, never))
		}
	}
	return at
}

// watchDeadlines acts on deadlines as they pass, until the sandbox is stopped.
func (s *Sandbox) watchDeadlines() {
	tick := time.NewTicker(deadlineWatch)
	defer tick.Stop()
	for {
		select {
		case <-s.stopping:
			return
		case <-tick.C:
			if err := s.passDeadlines(context.Background()); err != nil {
				s.logger.Error("deadlines can't be acted on", "error", err)
			}
		}
	}
}

// passDeadlines acts on all deadlines that have passed by the sandbox's clock, in their order.
func (s *Sandbox) passDeadlines(ctx context.Context) error {
	if !s.deadlinePassed() {
		return nil
	}
	due, open := s.overdue()
	for some := range slices.Chunk(due, deadlinesAtOnce) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.state.update(func(tx *transaction) error { return tx.passAll(some) }); err != nil {
			return err
		}
	}
	if err := s.state.update(func(tx *transaction) error { return tx.expireAll(open) }); err != nil {
		return err
	}
	s.state.findDeadlines()
	return nil
}

// findDeadlines looks for the next deadlines where those that were known have passed.
func (s *state) findDeadlines() {
	s.writing.Lock()
	defer s.writing.Unlock()
	deadline, sessionDeadline := int64(never), int64(never)
	for _, a := range s.world.order {
		deadline = min(deadline, a.deadline)
	}
	for _, o := range s.world.sessions.all {
		sessionDeadline = min(sessionDeadline, o.Object.deadline())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.deadline, s.world.sessionDeadline = deadline, sessionDeadline
}

func (s *Sandbox) deadlinePassed() bool {
	s.state.mu.RLock()
	defer s.state.mu.RUnlock()
	w := s.state.world
	return min(w.deadline, w.sessionDeadline) <= w.clock.now().Unix()
}

// overdue are the ids of accounts whose deadline has passed, the earliest first, and the sessions that have expired.
func (s *Sandbox) overdue() (accounts []string, sessions []shelfKey) {
	_ = s.state.view(func(tx *transaction) error { // answers no error
		now := tx.now.Unix()
		accounts = tx.overdueAccounts(now)
		for _, o := range tx.sessions.all {
			if o.Object.deadline() <= now {
				sessions = append(sessions, shelfKey{o.Owner, o.Object.Object.ID})
			}
		}
		return nil
	})
	return accounts, sessions
}

func (w *world) overdueAccounts(now int64) []string {
	var due []*account
	for _, a := range w.order {
		if a.deadline <= now {
			due = append(due, a)
		}
	}
	slices.SortStableFunc(due, func(a, b *account) int { return cmp.Compare(a.deadline, b.deadline) })
	ids := make([]string, len(due))
	for i, a := range due {
		ids[i] = a.ID
	}
	return ids
}

func (tx *transaction) passAll(ids []string) error {
	for _, id := range ids {
		a := tx.accounts[id]
		if a.deadline > tx.now.Unix() { // changed meanwhile
			continue
		}
		if err := tx.passDeadline(a); err != nil {
			return err
		}
	}
	return nil
}

func (tx *transaction) expireAll(keys []shelfKey) error {
	for _, key := range keys {
		s := tx.sessions.get(key.owner, key.id)
		if s.Object.Status != sessionOpen {
			continue // finished meanwhile
		}
		owner := tx.accounts[key.owner]
		if p := tx.platform(key.owner); p != nil {
			owner = p.ownAccount()
		}
		if _, err := tx.expire(owner, *s, nil); err != nil {
			return err
		}
	}
	return nil
}
