package sandboxtest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/connectd/connectd/internal/sandbox"
	"github.com/connectd/connectd/sandboxtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var personas = []sandboxtest.Persona{
	sandboxtest.Complete, sandboxtest.Enabled, sandboxtest.RestrictedSoon, sandboxtest.Restricted, sandboxtest.NoPayouts,
	sandboxtest.NoCharges, sandboxtest.NoCards, sandboxtest.DocumentFailed, sandboxtest.Incomplete, sandboxtest.InReview,
	sandboxtest.Rejected, sandboxtest.Unsupported, sandboxtest.Nameless,
}

func TestPersonasAreTheSandboxes(t *testing.T) {
	t.Parallel()
	var names []string
	for _, p := range personas {
		names = append(names, string(p))
	}
	if !slices.Equal(names, sandbox.Personas()) {
		t.Errorf("personas are %v, the sandbox has %v", names, sandbox.Personas())
	}
}

// asked is what Stripe's API answers the platform.
func asked(t *testing.T, s *sandboxtest.Sandbox, key, path string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close() //nolint:errcheck // not read
	return res.StatusCode
}

func TestAccountsChangeOnCommand(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	id := s.Connect(sandboxtest.Restricted)
	s.ChangeSilently(id, sandboxtest.Patch{"charges_enabled": true})
	var stored struct {
		Charges bool `json:"charges_enabled"`
	}
	if err := json.Unmarshal(s.Stored(id), &stored); err != nil || !stored.Charges {
		t.Errorf("stored: %+v %v", stored, err)
	}
	s.DeauthorizeSilently(id)
	if status := asked(t, s, s.Key, "/v1/accounts/"+id); status != http.StatusForbidden {
		t.Errorf("account that was disconnected: %d", status)
	}
	apart := s.Make(sandboxtest.Complete)
	if code := s.GrantAccount(apart); !strings.HasPrefix(code, "ac_") {
		t.Errorf("code %q", code)
	}
	s.ConnectMany(sandboxtest.Enabled, 3)
}

func TestFaultsAreSeenAndRecorded(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	rate := 1.0
	s.Fail(
		sandboxtest.Fault{Path: "/v1/balance", Status: http.StatusBadGateway, Times: 1, Rate: &rate},
		sandboxtest.Fault{Method: http.MethodGet, Path: "/v1/acc*", Drop: true, Latency: time.Millisecond, Hold: time.Millisecond},
	)
	lacking := s.RestrictedKey("products")
	for _, test := range []struct {
		key, path string
		status    int
	}{
		{s.Key, "/v1/balance", http.StatusBadGateway},
		{s.Key, "/v1/balance", http.StatusOK},
		{s.Key, "/v1/account", 0},
		{lacking, "/v1/products", http.StatusForbidden},
	} {
		if status := asked(t, s, test.key, test.path); status != test.status {
			t.Errorf("%s: %d, want %d", test.path, status, test.status)
		}
	}
	s.Fail()
	var statuses []int
	for _, r := range s.Requests() {
		statuses = append(statuses, r.Status)
	}
	if want := []int{502, 200, 200, 403}; !slices.Equal(statuses, want) {
		t.Errorf("requests were answered %v, want %v", statuses, want)
	}
}

func TestLimitIsSetAndLifted(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	s.Limit(1)
	status := http.StatusOK
	for n := 0; n < 200 && status == http.StatusOK; n++ {
		status = asked(t, s, s.Key, "/v1/prices")
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("under a limit of one a second: %d", status)
	}
	s.Limit(0)
	if status := asked(t, s, s.Key, "/v1/prices"); status != http.StatusOK {
		t.Errorf("without a limit: %d", status)
	}
}

func TestEventsComeAsTold(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	heard := make(chan string, 10)
	platform := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var event struct{ ID, Type string }
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
			t.Error(err)
		}
		heard <- event.Type
	}))
	t.Cleanup(platform.Close)
	s.Deliver(platform.URL, "*")
	id := s.Connect(sandboxtest.RestrictedSoon)

	s.DeliverIn(sandboxtest.Hold, 0)
	amount := int64(700)
	s.Pay(sandboxtest.Checkout{Account: id, Amount: &amount, Currency: "usd"})
	s.Advance(15 * 24 * time.Hour)
	s.Deauthorize(id)
	s.Redeliver(s.Emit(sandboxtest.Event{Type: "capability.updated", Account: id, Data: map[string]string{"id": "transfers"}}))
	s.DeliverIn(sandboxtest.Normal, 0)

	enough, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, want := range []string{
		"checkout.session.completed", "account.updated", "account.application.deauthorized", "capability.updated",
		"capability.updated",
	} {
		select {
		case got := <-heard:
			if got != want {
				t.Errorf("heard %s, want %s", got, want)
			}
		case <-enough.Done():
			t.Fatalf("did not hear %s", want)
		}
	}
}
