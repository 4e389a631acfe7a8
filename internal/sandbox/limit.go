package sandbox

import (
	"net/http"
	"time"

	"golang.org/x/time/rate"
)

// requestLimit is how many requests a second the API takes; without a limiter, any number.
type requestLimit struct {
	perSecond int
	limiter   *rate.Limiter
}

// newRequestLimit allows perSecond requests a second and as many at once; 0 is no limit.
func newRequestLimit(perSecond int) requestLimit {
	if perSecond == 0 {
		return requestLimit{}
	}
	return requestLimit{perSecond, rate.NewLimiter(rate.Limit(perSecond), perSecond)}
}

func (s *Sandbox) allows(now time.Time) (yes bool) {
	_ = s.state.view(func(tx *transaction) error { // reading does not fail
		yes = tx.limit.limiter == nil || tx.limit.limiter.AllowN(now, 1)
		return nil
	})
	return yes
}

// limited answers 429 past the limit, and says which one as Stripe does (docs.stripe.com/rate-limits).
func (s *Sandbox) limited(answer endpoint) endpoint {
	return func(r *http.Request, requestID string) *response {
		if s.allows(time.Now()) {
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
