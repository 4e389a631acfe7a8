package web

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

const (
	// planFor is how long one request works on a plan: the judging of some 40,000 accounts.
	planFor = time.Second
	// planKept is how long a plan stays what it was after it was last worked on; whoever asks later gets another.
	planKept = time.Minute
	// plansKept is how many plans are kept, of which each holds mostPlanned sellers.
	plansKept = 8
	// mostPlanned is how many sellers a plan names; it counts all.
	mostPlanned = 1000
)

// plans are those that were asked for last. Nothing works on a plan but the requests that ask for it, one at a time in all, so that
// one which nobody looks at costs nothing. It is safe for concurrent use.
type plans struct {
	work *semaphore.Weighted

	mu    sync.Mutex
	known []*plan // the one that was asked for last is the last
}

// plan is a policy's, as far as it is known.
type plan struct {
	key     string
	planner *registry.Planner // of whoever works

	mu    sync.Mutex
	known planned
}

// planned is what is known of a plan.
type planned struct {
	registry.Plan
	Against int32
	Changed []registry.Planned // the first
	Losses  map[account.Code]int
	Gains   map[account.Code]int // by what keeps from transacting now
	At      time.Time            // when it was last worked on
	DoneAt  time.Time            // zero: there are accounts to be judged yet
}

func newPlans() *plans { return &plans{work: semaphore.NewWeighted(1)} }

// of is the plan of the key; make makes one where there is none, or has not been for too long.
func (p *plans) of(key string, now time.Time, make func() (*registry.Planner, error)) (*plan, error) {
	if found := p.find(key, now); found != nil {
		return found, nil
	}
	planner, err := make() // asks the database, for which nobody else is to wait
	if err != nil {
		return nil, err
	}
	return p.keep(&plan{key: key, planner: planner, known: planned{
		Plan: planner.Plan, Against: planner.Against, At: now, Losses: map[account.Code]int{}, Gains: map[account.Code]int{},
	}}), nil
}

// find is the plan of the key, nil where there is none.
func (p *plans) find(key string, now time.Time) *plan {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known = slices.DeleteFunc(p.known, func(known *plan) bool { return known.over(now) })
	i := slices.IndexFunc(p.known, func(known *plan) bool { return known.key == key })
	if i < 0 {
		return nil
	}
	found := p.known[i]
	p.known = append(slices.Delete(p.known, i, i+1), found)
	return found
}

// keep keeps the plan, and answers it, or that of its key which somebody else was quicker to begin.
func (p *plans) keep(begun *plan) *plan {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.IndexFunc(p.known, func(known *plan) bool { return known.key == begun.key }); i >= 0 {
		return p.known[i]
	}
	p.known = append(p.known[max(0, len(p.known)-plansKept+1):], begun)
	return begun
}

// goOn works on the plan for as long at most, if it is nobody else's turn, and answers what is known then.
func (p *plans) goOn(ctx context.Context, of *plan, within time.Duration, now func() time.Time) (planned, error) {
	end := time.Now().Add(within)
	waiting, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	if !p.work.TryAcquire(1) && p.work.Acquire(waiting, 1) != nil {
		return of.snapshot(), ctx.Err()
	}
	defer p.work.Release(1)
	for begun := false; !of.planner.Done && (!begun || time.Now().Before(end)); begun = true {
		changed, err := of.planner.Next(ctx)
		if err != nil {
			return planned{}, err
		}
		of.add(changed, now())
	}
	return of.snapshot(), nil
}

func (p *plan) over(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Sub(p.known.At) > planKept
}

func (p *plan) add(changed []registry.Planned, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known.Plan = p.planner.Plan
	p.known.Unlisted = slices.Clone(p.planner.Plan.Unlisted)
	for _, c := range changed {
		by := p.known.Losses
		if c.CanTransact {
			by = p.known.Gains
		}
		for _, code := range codesOf(c.Because) {
			by[code]++
		}
	}
	p.known.At = now
	p.known.Changed = append(p.known.Changed, changed[:min(len(changed), mostPlanned-len(p.known.Changed))]...)
	if p.planner.Done {
		p.known.DoneAt = now
	}
}

func (p *plan) snapshot() planned {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.known
	known.Losses, known.Gains = maps.Clone(known.Losses), maps.Clone(known.Gains)
	return known
}

// codesOf are the reasons' codes, each once.
func codesOf(reasons []account.Reason) []account.Code {
	codes := make([]account.Code, len(reasons))
	for i, r := range reasons {
		codes[i] = r.Code
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}
