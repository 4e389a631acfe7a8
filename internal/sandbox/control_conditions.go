package sandbox

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

func (s *Sandbox) setFaults(r *http.Request) (json.RawMessage, error) {
	given, err := readJSON[[]*fault](r)
	if err != nil {
		return nil, err
	}
	faults := make([]fault, len(given))
	for i, f := range given {
		if f == nil {
			return nil, refuse(http.StatusBadRequest, "Fault %d is null.", i)
		}
		if err := f.check(); err != nil {
			return nil, refuse(http.StatusBadRequest, "Fault %d: %v.", i, err)
		}
		faults[i] = *f
	}
	if err := s.state.put(change{Faults: &faults}); err != nil {
		return nil, err
	}
	return encode(faults)
}

type limitOrder struct {
	PerSecond int `json:"per_second"`
}

func (s *Sandbox) setLimit(r *http.Request) (json.RawMessage, error) {
	order, err := readJSON[limitOrder](r)
	if err != nil {
		return nil, err
	}
	if order.PerSecond < 0 {
		return nil, refuse(http.StatusBadRequest, "per_second can't be negative; 0 lifts the limit.")
	}
	if err := s.state.put(change{PerSecond: &order.PerSecond}); err != nil {
		return nil, err
	}
	return encode(order)
}

func (s *Sandbox) listRequests(r *http.Request) (json.RawMessage, error) {
	since := int64(0)
	if text := r.URL.Query().Get("since"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return nil, refuse(http.StatusBadRequest, "since is the number of a request, not %q.", text)
		}
		since = n
	}
	return encode(s.requests.since(since))
}

func (s *Sandbox) countRequests(*http.Request) (json.RawMessage, error) {
	return encode(s.requests.stats())
}

type clockOrder struct {
	Advance string `json:"advance"`
}

type clockObject struct {
	Now time.Time `json:"now"`
}

func (s *Sandbox) advanceClock(r *http.Request) (json.RawMessage, error) {
	order, err := readJSON[clockOrder](r)
	if err != nil {
		return nil, err
	}
	if err := s.advance(r.Context(), order.Advance); err != nil {
		return nil, err
	}
	return encode(clockObject{s.now().UTC()})
}

// advance moves the clock ahead and acts on the deadlines that passed by it.
func (s *Sandbox) advance(ctx context.Context, text string) error {
	by, err := time.ParseDuration(text)
	if err != nil || by < 0 {
		return refuse(http.StatusBadRequest, "advance is a duration like 672h, and not a negative one; it was %q.", text)
	}
	err = s.state.update(func(tx *transaction) error {
		ahead := time.Duration(tx.clock.ahead.Load()) + by
		tx.change.Ahead = &ahead
		return nil
	})
	if err != nil {
		return err
	}
	return s.passDeadlines(ctx)
}
