package stripeapi_test

import (
	"testing"
	"time"

	"github.com/connectd/connectd/internal/stripeapi"
)

func limited(reason string) *stripeapi.Error {
	return &stripeapi.Error{Kind: stripeapi.RateLimited, HTTPStatus: 429, RateLimitedReason: reason}
}

func TestRefusalsSlowAllReplicasDownByTheirReason(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refusal *stripeapi.Error
		pause   time.Duration
		rate    float64 // afterwards
	}{
		"global-rate":          {limited("global-rate"), time.Second, 10},
		"endpoint-rate":        {limited("endpoint-rate"), time.Second, 10},
		"global-concurrency":   {limited("global-concurrency"), time.Second, 10},
		"endpoint-concurrency": {limited("endpoint-concurrency"), time.Second, 10},
		"no reason":            {limited(""), time.Second, 10},
		"resource-specific":    {limited("resource-specific"), 0, 20},
		"a lock on one object": {&stripeapi.Error{Kind: stripeapi.RateLimited, HTTPStatus: 429, Code: "lock_timeout"}, 0, 20},
		"Retry-After": {
			&stripeapi.Error{Kind: stripeapi.RateLimited, RateLimitedReason: "global-rate", RetryAfter: 3 * time.Second}, 3 * time.Second, 10,
		},
		"Stripe-Should-Retry": {&stripeapi.Error{Kind: stripeapi.Refused, HTTPStatus: 409, ShouldRetry: true}, 250 * time.Millisecond, 20},
		"another refusal":     {&stripeapi.Error{Kind: stripeapi.Refused, HTTPStatus: 400}, 0, 20},
		"no answer":           {&stripeapi.Error{Kind: stripeapi.Unreachable}, 0, 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rs := newReplicas(t)
			hears := rs.add(20, 0)
			rs.scan(rs.add(20, 0))
			rs.run(time.Second)
			hears.Heed(c.refusal)
			hears.Settle()
			before := rs.since
			rs.run(c.pause + 4*time.Second)
			// What the other had taken before leaves yet: two lots.
			if n := len(rs.calls(before)) - len(rs.calls(before+c.pause)); c.pause > 0 && n > 4 {
				t.Errorf("%d calls left in the pause of %v", n, c.pause)
			}
			from := before + c.pause + time.Second
			wantRate(t, rs.calls(from), rs.since-from, 0.9*c.rate, 1.1*c.rate, int(c.rate))
		})
	}
}

func TestWhoHearsTheRefusalStopsAtOnce(t *testing.T) {
	t.Parallel()
	rs := newReplicas(t)
	r := rs.add(20, 0)
	rs.scan(r)
	rs.run(2 * time.Second)
	r.Heed(limited("global-rate"))
	r.Settle()
	before := rs.since
	rs.run(1900 * time.Millisecond)
	// It had the next call's moment in hand when it heard; at 10 a second there are nine after the pause.
	if n := len(rs.calls(before + time.Microsecond)); n > 10 {
		t.Errorf("%d calls in 1.9 s with a pause of 1 s", n)
	}
	if n := len(rs.calls(before+time.Microsecond)) - len(rs.calls(before+time.Second)); n != 0 {
		t.Errorf("%d calls left in the pause", n)
	}
}

// Many calls in flight are refused for one excess; a storm that lasts halves the rate once a second, and not for ever.
func TestTheRateIsHalvedOnceASecondAndRecovers(t *testing.T) {
	t.Parallel()
	rs := newReplicas(t)
	one, other := rs.add(20, 0), rs.add(20, 0)
	rs.scan(one)
	wantFactor := func(want float64) {
		t.Helper()
		var factor float64
		if err := rs.pool.QueryRow(t.Context(), "select factor from stripe_budget").Scan(&factor); err != nil || factor != want {
			t.Errorf("factor %v, want %v; %v", factor, want, err)
		}
	}
	storm := func() {
		for range 5 {
			one.Heed(limited("global-rate"))
			one.Settle()
			other.Heed(limited("endpoint-rate"))
			other.Settle()
		}
	}
	rs.run(time.Second)
	for _, want := range []float64{0.5, 0.25, 0.125, 0.0625, 0.0625} {
		storm()
		wantFactor(want)
		rs.run(time.Second)
	}
	calm := rs.since - time.Second
	for i, rate := range []float64{1.25, 2.5, 5, 10, 20} {
		from := calm + time.Duration(i)*10*time.Second + 2*time.Second
		rs.run(calm + time.Duration(i+1)*10*time.Second - rs.since)
		wantRate(t, rs.calls(from), rs.since-from, 0.85*rate, 1.15*rate, int(rate+1))
	}
}

// TestARefusalIsHeardOfLater than it came, where Postgres takes nothing at the time.
func TestARefusalIsHeardOfLater(t *testing.T) {
	t.Parallel()
	rs := newReplicas(t)
	r := rs.add(20, 0)
	rs.refuse("update", "stripe_budget")
	r.Heed(limited("global-rate"))
	r.Settle()
	rs.accept()
	rs.run(300 * time.Millisecond)
	var factor, pause float64
	row := rs.pool.QueryRow(t.Context(), "select factor, pause from stripe_budget")
	if err := row.Scan(&factor, &pause); err != nil || factor != 0.5 || pause != 1 {
		t.Errorf("factor %v and a pause of %v s, want half and 1 s; %v", factor, pause, err)
	}
}
