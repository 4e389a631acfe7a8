package sandbox

import (
	"slices"
	"time"
)

// deliveryMode is the order in which events are delivered, and how often.
type deliveryMode string

const (
	deliverNormal    deliveryMode = "normal"
	deliverDuplicate deliveryMode = "duplicate"
	deliverReverse   deliveryMode = "reverse"
	deliverHold      deliveryMode = "hold"
)

var deliveryModes = []deliveryMode{deliverNormal, deliverDuplicate, deliverReverse, deliverHold}

// reverseWindow is how long mode reverse gathers events to turn around where no delay is set: one that is alone for so
// long goes out alone.
const reverseWindow = 250 * time.Millisecond

// farOff is how long a lane sleeps that nothing but a signal can give work.
const farOff = time.Hour

// deliveryPlan is how events are delivered at present.
type deliveryPlan struct {
	Mode  deliveryMode  `json:"mode"`
	Delay time.Duration `json:"delay,omitempty"`
}

// delivery is an event that waits for an endpoint.
type delivery struct {
	event     string
	since     time.Time
	notBefore time.Time
	failures  int
}

// lane is what waits for one endpoint, in the order in which it came about; repeats come behind it. Guarded by the
// dispatcher's lock.
type lane struct {
	endpoint string
	waiting  []delivery
	wake     chan struct{}
	closed   chan struct{}
}

func newLane(endpointID string) *lane {
	return &lane{endpoint: endpointID, wake: make(chan struct{}, 1), closed: make(chan struct{})}
}

func (l *lane) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// take removes what the plan has delivered next, or says how long there is nothing to deliver.
func (l *lane) take(plan deliveryPlan, now time.Time) (*delivery, time.Duration) {
	if plan.Mode == deliverHold || len(l.waiting) == 0 {
		return nil, farOff
	}
	if plan.Mode == deliverReverse {
		return l.takeNewest(plan, now)
	}
	return l.takeOldest(plan, now)
}

func (l *lane) takeOldest(plan deliveryPlan, now time.Time) (*delivery, time.Duration) {
	wait := farOff
	for i, item := range l.waiting {
		due := item.due(plan.Delay)
		if !due.After(now) {
			return l.remove(i), 0
		}
		wait = min(wait, due.Sub(now))
	}
	return nil, wait
}

// takeNewest takes the newest of all that waits once the oldest has waited for the window.
func (l *lane) takeNewest(plan deliveryPlan, now time.Time) (*delivery, time.Duration) {
	window := plan.Delay
	if window == 0 {
		window = reverseWindow
	}
	wait := farOff
	for _, item := range l.waiting {
		wait = min(wait, max(item.due(window).Sub(now), 0))
	}
	if wait > 0 {
		return nil, wait
	}
	for i := len(l.waiting) - 1; ; i-- {
		if !l.waiting[i].notBefore.After(now) {
			return l.remove(i), 0
		}
	}
}

func (d delivery) due(delay time.Duration) time.Time {
	due := d.since.Add(delay)
	if d.notBefore.After(due) {
		return d.notBefore
	}
	return due
}

func (l *lane) remove(i int) *delivery {
	item := l.waiting[i]
	if i == 0 {
		l.waiting = l.waiting[1:]
		return &item
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
	return &item
}
