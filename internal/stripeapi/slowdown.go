package stripeapi

import (
	"cmp"
	"time"
)

const (
	pauseAfterLimit = time.Second
	pauseAfterError = 250 * time.Millisecond
	longestPause    = time.Minute // whatever Retry-After says: the scan recovers by itself
)

// slowdown is what is asked of whoever calls Stripe in bulk.
type slowdown struct {
	halve bool // the rate
	pause time.Duration
}

// slowdown is what Stripe asks for by refusing a call (docs.stripe.com/rate-limits, docs.stripe.com/error-low-level). A limit
// on concurrency is met by half the rate too: calls in flight are the rate times the latency.
func (e *Error) slowdown() slowdown {
	switch {
	case e.Kind == RateLimited && e.concernsOneObject():
		return slowdown{}
	case e.Kind == RateLimited:
		return slowdown{halve: true, pause: e.pause(pauseAfterLimit)}
	case e.ShouldRetry:
		return slowdown{pause: e.pause(pauseAfterError)}
	}
	return slowdown{}
}

// concernsOneObject: a limit of one account's alone, or a lock on one object, says nothing of other calls.
func (e *Error) concernsOneObject() bool {
	return e.RateLimitedReason == "resource-specific" || e.Code == "lock_timeout"
}

func (e *Error) pause(unlessTold time.Duration) time.Duration {
	return min(cmp.Or(e.RetryAfter, unlessTold), longestPause)
}
