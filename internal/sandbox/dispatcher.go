package sandbox

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// deliveryTimeout is how long an endpoint may take to answer.
const deliveryTimeout = 10 * time.Second

// dispatcher delivers events to endpoints, each endpoint in a lane of its own, so that a slow one holds up no other.
// An event that was not answered 2xx is tried again, later each time, as long as the endpoint is there. What waits
// is kept by the state (event.Pending); the lanes are only the order of it.
type dispatcher struct {
	state  *state
	client *http.Client
	now    func() time.Time
	retry  time.Duration
	logger *slog.Logger
	log    *attemptLog
	heard  func(Delivery)

	// ctx cuts off deliveries in flight, quit lets them end.
	ctx    context.Context
	cutOff context.CancelFunc
	quit   chan struct{}
	lanes  sync.WaitGroup

	mu        sync.Mutex
	plan      deliveryPlan
	endpoints map[string]*lane
	stopped   bool
}

func newDispatcher(st *state, cfg Config) *dispatcher {
	ctx, cutOff := context.WithCancel(context.Background())
	return &dispatcher{
		state: st,
		client: &http.Client{
			Transport: &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second},
			Timeout:   deliveryTimeout,
			// A redirect is no 2xx to Stripe (docs.stripe.com/webhooks).
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		now: cfg.Now, retry: cfg.RetryDelay, logger: cfg.Logger, log: &attemptLog{}, heard: cfg.OnDelivery,
		ctx: ctx, cutOff: cutOff, quit: make(chan struct{}),
		endpoints: map[string]*lane{},
	}
}

// committed puts the change's events into the lanes of the endpoints that they wait for.
func (d *dispatcher) committed(w *world, c *change) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.Delivery != nil {
		d.setPlan(*c.Delivery)
	}
	for _, id := range c.Removed {
		d.closeLane(id)
	}
	for i := range c.Events {
		for _, endpointID := range c.Events[i].Pending {
			d.enqueue(w, endpointID, c.Events[i].ID)
		}
	}
	for _, again := range c.Repeats {
		d.enqueue(w, again.Endpoint, again.Event)
	}
}

func (d *dispatcher) enqueue(w *world, endpointID, eventID string) {
	if d.stopped || w.endpoint(endpointID) == nil {
		return
	}
	l := d.endpoints[endpointID]
	if l == nil {
		l = newLane(endpointID)
		d.endpoints[endpointID] = l
		d.lanes.Go(func() { d.run(l) })
	}
	l.waiting = append(l.waiting, delivery{event: eventID, since: time.Now()})
	l.signal()
}

func (d *dispatcher) closeLane(endpointID string) {
	if l := d.endpoints[endpointID]; l != nil {
		delete(d.endpoints, endpointID)
		close(l.closed)
	}
}

// run delivers what waits in the lane, one after the other, until the lane is closed or the dispatcher stops.
func (d *dispatcher) run(l *lane) {
	for {
		item, wait := d.next(l)
		if item != nil {
			d.deliver(l, *item)
			continue
		}
		if !d.idle(l, wait) {
			return
		}
	}
}

// next takes what is to be delivered now, or says how long there is nothing.
func (d *dispatcher) next(l *lane) (*delivery, time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped {
		return nil, 0
	}
	return l.take(d.plan, time.Now())
}

func (d *dispatcher) idle(l *lane, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.wake:
	case <-l.closed:
		return false
	case <-d.quit:
		return false
	}
	return true
}

// setPlan changes how events are delivered, for those that wait too. It is for whoever holds d.mu.
func (d *dispatcher) setPlan(plan deliveryPlan) {
	d.plan = plan
	for _, l := range d.endpoints {
		l.signal()
	}
}

// longestDelay is the most that a repeat waits: Stripe's own wait for hours, but here somebody is waiting for them.
const longestDelay = time.Minute

// backOff is how long to wait after so many failures before the last one.
func backOff(first time.Duration, failures int) time.Duration {
	delay := first
	for range failures {
		if delay *= 2; delay >= longestDelay {
			return longestDelay
		}
	}
	return delay
}

func (d *dispatcher) again(l *lane, item delivery) {
	d.mu.Lock()
	defer d.mu.Unlock()
	item.notBefore = time.Now().Add(backOff(d.retry, item.failures))
	item.failures++
	l.waiting = append(l.waiting, item)
}

// stop lets deliveries in flight end, or cuts them off when ctx ends.
func (d *dispatcher) stop(ctx context.Context) {
	d.mu.Lock()
	d.stopped = true
	d.mu.Unlock()
	close(d.quit)
	release := context.AfterFunc(ctx, d.cutOff)
	d.lanes.Wait()
	release()
	d.cutOff()
	d.client.CloseIdleConnections()
}
