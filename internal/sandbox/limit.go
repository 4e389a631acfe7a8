package sandbox

import (
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// requestLimit is how many requests a second the API takes; without a limiter, any number. Safe for concurrent use.
type requestLimit struct {
	mu      sync.Mutex
	limiter *rate.Limiter
}

// set allows perSecond requests a second and as many at once; 0 lifts the limit.
func (l *requestLimit) set(perSecond int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limiter = nil
	if perSecond > 0 {
		l.limiter = rate.NewLimiter(rate.Limit(perSecond), perSecond)
	}
}

func (l *requestLimit) allows(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.limiter == nil || l.limiter.AllowN(now, 1)
}

// limited answers 429 past the limit, and says which one as Stripe does (docs.stripe.com/rate-limits).
func (s *Sandbox) limited(answer endpoint) endpoint {
	return func(r *http.Request, requestID string) *response {
		if s.limit.allows(time.Now()) {
			return answer(r, requestID)
		}
		refusal := s.errorResponse(&apiError{
			status: http.StatusTooManyRequests, kind: invalidRequest, code: "rate_limit",
			message: "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
		}, requestID)
		refusal.header.Set("Stripe-Rate-Limited-Reason", "global-rate")
		return refusal
	}
}
