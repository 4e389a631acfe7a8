package sandbox

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

// fault is a way in which requests to Stripe are to go wrong; where Times is given, so often as yet. The nil fault is none.
type fault struct {
	Method    string   `json:"method,omitempty"`
	Path      string   `json:"path,omitempty"`
	Status    int      `json:"status,omitempty"`
	Code      string   `json:"code,omitempty"`
	LatencyMS int      `json:"latency_ms,omitempty"`
	HoldMS    int      `json:"hold_ms,omitempty"`
	Drop      bool     `json:"drop,omitempty"`
	Times     int      `json:"times,omitempty"`
	Rate      *float64 `json:"rate,omitempty"`
}

// strike is the fault that the request meets, or nil. One that is counted is counted in the state file too.
func (s *Sandbox) strike(method, path string) *fault {
	var f *fault
	pick := func(tx *transaction) error {
		i := slices.IndexFunc(tx.faults, func(f fault) bool { return f.matches(method, path) && f.strikes() })
		if i < 0 {
			return nil
		}
		f = new(tx.faults[i])
		if f.Times > 0 {
			tx.change.Struck = &i
		}
		return nil
	}
	run := s.state.view
	if s.counts(method, path) {
		run = s.state.update
	}
	if err := run(pick); err != nil {
		s.logger.Error("fault can't be counted: it does not happen", "path", path, "error", err)
		return nil
	}
	return f
}

// counts tells whether a counted fault may strike the request: to count is a change.
func (s *Sandbox) counts(method, path string) (may bool) {
	_ = s.state.view(func(tx *transaction) error { // reading does not fail
		may = slices.ContainsFunc(tx.faults, func(f fault) bool { return f.Times > 0 && f.matches(method, path) })
		return nil
	})
	return may
}

// withoutStrike are the faults that are left where the one at i has happened once more.
func withoutStrike(faults []fault, i int) []fault {
	left := slices.Clone(faults)
	if left[i].Times--; left[i].Times == 0 {
		return slices.Delete(left, i, i+1)
	}
	return left
}

func (f *fault) matches(method, path string) bool {
	if f.Method != "" && !strings.EqualFold(f.Method, method) {
		return false
	}
	if prefix, ok := strings.CutSuffix(f.Path, "*"); ok {
		return strings.HasPrefix(path, prefix)
	}
	return f.Path == "" || f.Path == path
}

func (f *fault) strikes() bool {
	return f.Rate == nil || rand.Float64() < *f.Rate
}

func (f *fault) latency() time.Duration {
	if f == nil {
		return 0
	}
	return time.Duration(f.LatencyMS) * time.Millisecond
}

func (f *fault) hold() time.Duration {
	if f == nil {
		return 0
	}
	return time.Duration(f.HoldMS) * time.Millisecond
}

func (f *fault) drops() bool   { return f != nil && f.Drop }
func (f *fault) refuses() bool { return f != nil && f.Status != 0 }

// check refuses what could not be answered.
func (f *fault) check() error {
	switch {
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d is not between 200 and 599", f.Status)
	case f.LatencyMS < 0 || f.HoldMS < 0 || f.Times < 0:
		return fmt.Errorf("latency_ms, hold_ms and times can't be negative")
	case f.Rate != nil && (*f.Rate < 0 || *f.Rate > 1):
		return fmt.Errorf("rate %v is not between 0 and 1", *f.Rate)
	}
	return nil
}

// response is the refusal, in the form of the side of Stripe that was asked: OAuth's where an OAuth code is given.
func (f *fault) response(r *http.Request, requestID string) *response {
	message := fmt.Sprintf("The sandbox was told to answer %d here.", f.Status)
	if strings.HasPrefix(r.URL.Path, "/oauth/") && f.Code != "" {
		return (&oauthError{f.Status, f.Code, message}).response()
	}
	failure := &apiError{status: f.Status, kind: errorType(f.Status), code: f.Code, message: message}
	if f.Code == "" {
		failure.code = usualCode(f.Status)
	}
	result := jsonResponse(f.Status, failure.body(requestID))
	if f.Status == http.StatusTooManyRequests {
		result.header.Set("Stripe-Rate-Limited-Reason", "global-rate")
	}
	return result
}

// errorType is Stripe's for the status (docs.stripe.com/api/errors).
func errorType(status int) string {
	switch {
	case status >= 500:
		return apiFailure
	case status == http.StatusPaymentRequired:
		return "card_error"
	default:
		return invalidRequest
	}
}

func usualCode(status int) string {
	switch status {
	case http.StatusForbidden:
		return "account_invalid"
	case http.StatusNotFound:
		return "resource_missing"
	case http.StatusTooManyRequests:
		return "rate_limit"
	default:
		return ""
	}
}
