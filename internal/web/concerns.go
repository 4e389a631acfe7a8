package web

import (
	"context"

	"github.com/connectd/connectd/internal/notify"
)

// countedAtMost is as far as rows are counted that may be very many.
const countedAtMost = 10_000

// concern is something that waits for somebody to look at it.
type concern struct {
	Words   string
	ID, URL string // of the link that leads there
	Link    string
}

// concerns are those that an operator does not hear of by looking at sellers.
func (s *site) concerns(ctx context.Context) ([]concern, error) {
	held, err := s.Passes.HeldBackUpTo(ctx, countedAtMost+1)
	if err != nil {
		return nil, err
	}
	failed, err := s.Registry.FailedEvents(ctx, countedAtMost+1)
	if err != nil {
		return nil, err
	}
	endpoints, _, err := s.Endpoints.List(ctx, "", notify.MostEndpoints)
	if err != nil {
		return nil, err
	}
	off := int64(0)
	for _, e := range endpoints {
		if e.DisabledAt != nil {
			off++
		}
	}
	var found []concern
	if held > 0 {
		found = append(found, concern{
			Words: "The scan is braked: it would take the yes of " + countTo(held, "more account") + ", and waits for somebody to look.",
			ID:    "braked", URL: scansPath, Link: "Look at the scan",
		})
	}
	if failed > 0 {
		found = append(found, concern{
			Words: "Of Stripe’s events " + countTo(failed, "event") + " could not be read.",
			ID:    "failed-events", URL: failedEvents().String(), Link: "Look at the failed events",
		})
	}
	if off > 0 {
		found = append(found, concern{
			Words: "Nothing is sent to " + count(off, "event endpoint") + ": switched off, after days of failure.",
			ID:    "endpoints-off", URL: endpointsPath, Link: "Look at the endpoints",
		})
	}
	return found, nil
}

// numberTo is a number that was counted as far as most.
func numberTo(n, most int64) string {
	if n > most {
		return "more than " + number(most)
	}
	return number(n)
}

// countTo is count of what was counted as far as countedAtMost.
func countTo(n int64, thing string) string {
	if n > countedAtMost {
		return "more than " + count(countedAtMost, thing)
	}
	return count(n, thing)
}
