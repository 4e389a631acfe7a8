package api_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

func positionOf(t *testing.T, a answer) int64 {
	t.Helper()
	position, err := strconv.ParseInt(a.header.Get("Connectd-Position"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return position
}

// TestNoAnswerClaimsToHaveSeenMoreThanItHas: while one seller's account changes and nothing else does, each position is a
// version of that seller's.
func TestNoAnswerClaimsToHaveSeenMoreThanItHas(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	changed := make(chan struct{})
	go func() {
		defer close(changed)
		s.change(id, 60)
	}()
	for running := true; running; {
		select {
		case <-changed:
			running = false
		default:
		}
		for path, version := range map[string]func(answer) int64{
			"/v1/sellers/s1/readiness":                readinessVersion,
			"/v1/sellers/s1/readiness?min_position=3": readinessVersion,
			"/v1/accounts":                            func(a answer) int64 { return decode[accountPage](a, http.StatusOK).Data[0].Version },
			"/v1/accounts/" + id:                      func(a answer) int64 { return decode[client.Account](a, http.StatusOK).Version },
			"/v1/accounts/" + id + "/changes?limit=1": func(a answer) int64 { return decode[changePage](a, http.StatusOK).Data[0].Position },
		} {
			got := s.get(path)
			if seen, claimed := version(got), positionOf(t, got); seen < claimed {
				t.Errorf("%s: has seen %d and claims %d", path, seen, claimed)
			}
		}
	}
}

// TestAnEmptyPositionIsRefused: it would be waited for nothing, and nobody be told.
func TestAnEmptyPositionIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, query := range []string{"min_position=", "min_position", "min_position=&max_age=1m", "min_position=-1", "min_position=x"} {
		wantProblem(s.get("/v1/sellers/s1/readiness?"+query), http.StatusUnprocessableEntity, "invalid", "query.min_position")
	}
}

func readinessVersion(a answer) int64 { return decode[client.Readiness](a, http.StatusOK).Version }

// change reports charges off and on in turn.
func (s server) change(accountID string, times int) {
	facts := account.Facts{Connected: true}
	begin := time.Now().Add(time.Minute).Truncate(time.Second)
	for i := range times {
		on := i%2 == 1
		facts.ChargesEnabled = &on
		_, err := s.registry.Observe(s.t.Context(), []registry.Observation{registry.Reported(registry.Event{
			ID: fmt.Sprintf("evt_%d", i), Type: "account.updated", Account: accountID, Created: begin.Add(time.Duration(i) * time.Second),
		}, facts)})
		if err != nil {
			s.t.Error(err)
		}
	}
}
