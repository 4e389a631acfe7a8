package api

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits holds each key to so many requests a second, and to as many at once. It counts in this process's memory alone, so
// that a request costs no query: N replicas let a key make N times as many. A nil Limits lets everything through.
type Limits struct {
	perSecond int
	now       func() time.Time

	mu sync.Mutex
	of map[string]*rate.Limiter // by key id
}

// NewLimits makes limits that go by the clock; 0 a second is none.
func NewLimits(perSecond int, now func() time.Time) *Limits {
	if perSecond == 0 {
		return nil
	}
	return &Limits{perSecond: perSecond, now: now, of: map[string]*rate.Limiter{}}
}

// take counts a request of the key's; ok is false for one too many, and left is how many more there may be just now.
func (l *Limits) take(keyID string) (left int, ok bool) {
	key, now := l.key(keyID), l.now()
	ok = key.AllowN(now, 1)
	return max(0, int(key.TokensAt(now))), ok
}

func (l *Limits) key(id string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[id] == nil {
		l.of[id] = rate.NewLimiter(rate.Limit(l.perSecond), l.perSecond)
	}
	return l.of[id]
}

// limited counts a request that a key's scope lets in, and answers 429 to one too many. What it says in the header is as
// draft-ietf-httpapi-ratelimit-headers-10 has it, for a policy named key; where a whole number a second is allowed, the next
// is within a second.
func (s *service) limited(next http.Handler) http.Handler {
	limits := s.cfg.Limits
	if limits == nil {
		return next
	}
	policy := fmt.Sprintf(`"key";q=%d;w=1`, limits.perSecond)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		left, ok := limits.take(callerOf(r.Context()).KeyID)
		w.Header().Set(policyHeader, policy)
		w.Header().Set(limitHeader, fmt.Sprintf(`"key";r=%d;t=1`, left))
		if !ok {
			w.Header().Set("Retry-After", "1")
			writeProblem(w, newProblem(rateLimited, fmt.Sprintf("A key may make %d requests a second; wait a second.", limits.perSecond)))
			return
		}
		next.ServeHTTP(w, r)
	})
}

const (
	policyHeader = "RateLimit-Policy"
	limitHeader  = "RateLimit"
)
