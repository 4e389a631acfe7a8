package registry

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Position is the feed's last position: what is read after it has seen at least that much.
func (r *Registry) Position(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	row, err := r.q.FeedPosition(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the feed's position: %w", err)
	}
	r.Reach(Place(row))
	return row.Position, nil
}

// AwaitPosition waits until the feed has come to a position, but only so long, and returns where it is then. What is read
// after has seen at least that.
func (r *Registry) AwaitPosition(ctx context.Context, position int64, within time.Duration) (int64, error) {
	end := time.NewTimer(within)
	defer end.Stop()
	reached, err := r.Position(ctx)
	for err == nil && reached < position {
		poll := r.polls.join(r.Position)
		select {
		case <-poll.answered:
			reached, err = poll.reached, poll.err
		case <-end.C:
			return reached, nil
		case <-ctx.Done():
			return reached, ctx.Err()
		}
	}
	return reached, err
}

const (
	positionEvery   = 5 * time.Millisecond
	positionTimeout = time.Second // of one query, which is nobody's own
)

// positionPolls asks for the feed's position for all who wait: one query at a time, each some time after the one before, and
// none where nobody waits.
type positionPolls struct {
	mu   sync.Mutex
	next *positionPoll // what whoever begins to wait now shares; nil where nobody waits
}

// positionPoll is one query. answered is closed once the rest is set.
type positionPoll struct {
	answered chan struct{}
	reached  int64
	err      error
}

func (p *positionPolls) join(ask func(context.Context) (int64, error)) *positionPoll {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == nil {
		p.next = &positionPoll{answered: make(chan struct{})}
		time.AfterFunc(positionEvery, func() { p.answer(ask) })
	}
	return p.next
}

func (p *positionPolls) answer(ask func(context.Context) (int64, error)) {
	ctx, cancel := context.WithTimeout(context.Background(), positionTimeout)
	defer cancel()
	reached, err := ask(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next.reached, p.next.err = reached, err
	close(p.next.answered)
	p.next = nil
}
