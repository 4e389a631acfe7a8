package sandbox_test

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/sandbox"
)

// TestHeldEventsStayHeldAfterAKill lets them go newest first, which the oldest would forestall had it not been held.
func TestHeldEventsStayHeldAfterAKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.jsonl")
	s := startWith(t, sandbox.Config{StateFile: path})
	s.receiver(always(http.StatusOK))
	s.control("/sandbox/delivery", `{"mode":"hold"}`)
	s.control("/sandbox/events", `{"type":"account.updated","account":"acct_1","id":"evt_older","data":{}}`)

	path = s.stateFile(path)
	for range 2 { // the second time of a file that was written anew
		again := open(t, sandbox.Config{StateFile: path})
		taking := again.receiver(always(http.StatusOK))
		path = again.stateFile(path)
		again.control("/sandbox/events", `{"type":"account.updated","account":"acct_1","id":"evt_newer","data":{}}`)
		again.control("/sandbox/delivery", `{"mode":"reverse"}`)
		if diff := cmp.Diff([]string{"evt_newer", "evt_older"}, []string{taking.next().ID, taking.next().ID}); diff != "" {
			t.Errorf("delivered (-want +got):\n%s", diff)
		}
		again.stop()
	}
}

func TestFaultsAndWhatIsLeftOfThemSurviveAKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.jsonl")
	s := startWith(t, sandbox.Config{StateFile: path})
	s.control("/sandbox/faults", `[{"path":"/v1/balance","status":503,"times":2},{"path":"/v1/balance","status":500,"times":1},
		{"path":"/v1/account","status":429}]`)
	s.api(http.MethodGet, "/v1/balance", "")

	path = s.stateFile(path)
	again := startWith(t, sandbox.Config{StateFile: path})
	var got []int
	for _, asked := range []string{"/v1/balance", "/v1/account", "/v1/balance", "/v1/account", "/v1/balance"} {
		got = append(got, again.api(http.MethodGet, asked, "").status)
	}
	if diff := cmp.Diff([]int{503, 429, 500, 429, 200}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	again.control("/sandbox/faults", "[]")
	last := startWith(t, sandbox.Config{StateFile: again.stateFile(path)})
	if a := last.api(http.MethodGet, "/v1/account", ""); a.status != http.StatusOK {
		t.Errorf("faults that were cleared: %d", a.status)
	}
}

func TestLimitSurvivesAKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.jsonl")
	s := startWith(t, sandbox.Config{StateFile: path})
	s.control("/sandbox/limit", `{"per_second":1}`)
	again := startWith(t, sandbox.Config{StateFile: s.stateFile(path)})
	await(t, "a refusal", func() bool {
		return again.api(http.MethodGet, "/v1/account", "").status == http.StatusTooManyRequests
	})
}
