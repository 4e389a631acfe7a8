package registry

import (
	"context"
	"sync"
	"time"

	"github.com/connectd/connectd/client"
)

// readWithin bounds a query that is nobody's own, and that of the position, which comes before each answer: it is what a
// request waits for a database that does not answer.
const readWithin = 2 * time.Second

// asking shares queries among those who ask of one seller at once. One runs at a time, and who comes while it does shares the
// next, so that each is answered with what was there after it had asked. (x/sync's singleflight would answer with what was
// there before.)
type asking struct {
	mu      sync.Mutex
	running map[string]*inquiry // by seller: the one that runs
}

// inquiry is one query. answered is closed once what comes after it is set.
type inquiry struct {
	next     *inquiry // of those who have come since it began; guarded by asking
	sharers  int      // likewise
	answered chan struct{}
	ready    client.Readiness
	at       Place
	err      error
}

func (a *asking) join(sellerID string, ask func(*inquiry)) *inquiry {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.running[sellerID]
	if now == nil {
		now = &inquiry{answered: make(chan struct{})}
		if a.running == nil {
			a.running = map[string]*inquiry{}
		}
		a.running[sellerID] = now
		go a.run(sellerID, now, ask)
		return now
	}
	if now.next == nil {
		now.next = &inquiry{answered: make(chan struct{})}
	}
	now.next.sharers++
	return now.next
}

// run asks until nobody waits.
func (a *asking) run(sellerID string, now *inquiry, ask func(*inquiry)) {
	for now != nil {
		ask(now)
		close(now.answered)
		now = a.advance(sellerID)
	}
}

func (a *asking) advance(sellerID string) (next *inquiry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	next = a.running[sellerID].next
	if next == nil {
		delete(a.running, sellerID)
	} else {
		a.running[sellerID] = next
	}
	return next
}

// ReadinessOf says whether the seller can transact, and as of which place. Those who ask at once share a query.
func (r *Registry) ReadinessOf(ctx context.Context, sellerID string) (client.Readiness, Place, error) {
	shared := r.asking.join(sellerID, func(i *inquiry) {
		ctx, cancel := context.WithTimeout(context.Background(), readWithin)
		defer cancel()
		i.ready, i.at, i.err = r.readOne(ctx, sellerID)
	})
	select {
	case <-shared.answered:
		return shared.ready, shared.at, shared.err
	case <-ctx.Done():
		return client.Readiness{}, Place{}, ctx.Err()
	}
}

func (r *Registry) readOne(ctx context.Context, sellerID string) (client.Readiness, Place, error) {
	found, at, err := r.ReadinessBatch(ctx, []string{sellerID})
	if err != nil {
		return client.Readiness{}, at, err
	}
	return found[0], at, nil
}
