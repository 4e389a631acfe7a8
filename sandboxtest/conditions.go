package sandboxtest

import "time"

// Fault is a way in which requests to Stripe go wrong. The zero Fault changes nothing.
type Fault struct {
	// Method and Path say which requests; "" is any. A Path with * at its end is a prefix.
	Method string
	Path   string
	// Status is answered in Stripe's envelope, with Code, or with Stripe's usual one for the status.
	Status int
	Code   string
	// Latency passes before the request is looked at, Hold between that and the answer: a change slips in between.
	Latency time.Duration
	Hold    time.Duration
	// Drop does the work and cuts the connection.
	Drop bool
	// Times is how often it happens; 0 is each time.
	Times int
	// Rate is how many of the requests it strikes, from 0 to 1; nil is all.
	Rate *float64
}

type faultOrder struct {
	Method    string   `json:"method,omitempty"`
	Path      string   `json:"path,omitempty"`
	Status    int      `json:"status,omitempty"`
	Code      string   `json:"code,omitempty"`
	LatencyMS int64    `json:"latency_ms,omitempty"`
	HoldMS    int64    `json:"hold_ms,omitempty"`
	Drop      bool     `json:"drop,omitempty"`
	Times     int      `json:"times,omitempty"`
	Rate      *float64 `json:"rate,omitempty"`
}

// Fail replaces all faults by these; the first that strikes a request counts. None ends them.
func (s *Sandbox) Fail(faults ...Fault) {
	s.t.Helper()
	orders := make([]faultOrder, len(faults))
	for i, f := range faults {
		orders[i] = faultOrder{
			Method: f.Method, Path: f.Path, Status: f.Status, Code: f.Code, LatencyMS: f.Latency.Milliseconds(),
			HoldMS: f.Hold.Milliseconds(), Drop: f.Drop, Times: f.Times, Rate: f.Rate,
		}
	}
	var set []faultOrder
	s.post("/sandbox/faults", orders, &set)
}

// Limit answers 429 past so many requests a second; 0 lifts it.
func (s *Sandbox) Limit(perSecond int) {
	s.t.Helper()
	s.post("/sandbox/limit", map[string]int{"per_second": perSecond}, &nothing{})
}

// Advance moves Stripe's clock: created, Date, codes, sessions, and the deadlines that pass by it.
func (s *Sandbox) Advance(by time.Duration) {
	s.t.Helper()
	s.post("/sandbox/clock", map[string]string{"advance": by.String()}, &nothing{})
}

// RestrictedKey is a key (rk_test_…) of the platform's that lacks the permissions for these resources, such as accounts.
func (s *Sandbox) RestrictedKey(without ...string) string {
	s.t.Helper()
	var made struct {
		Key string `json:"key"`
	}
	s.post("/sandbox/keys", map[string]any{"without": without}, &made)
	return made.Key
}

// Request is one that Stripe's side was asked.
type Request struct {
	N              int64     `json:"n"`
	At             time.Time `json:"at"`
	Method         string    `json:"method"`
	Path           string    `json:"path"`
	Account        string    `json:"account"`
	IdempotencyKey string    `json:"idempotency_key"`
	// Status is 0 where there is no answer yet.
	Status int `json:"status"`
}

// Requests are the last 10,000 that Stripe's side was asked, in order, dropped ones too.
func (s *Sandbox) Requests() []Request {
	s.t.Helper()
	var requests []Request
	s.get("/sandbox/requests", &requests)
	return requests
}
