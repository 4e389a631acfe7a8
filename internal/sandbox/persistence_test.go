package sandbox_test

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/sandbox"
)

// stateFile is a sandbox's state file as a kill would leave it: copied while the sandbox runs, with no say of its own.
func (r *running) stateFile(path string) string {
	r.t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	copied := filepath.Join(r.t.TempDir(), "state.jsonl")
	if err := os.WriteFile(copied, content, 0o600); err != nil {
		r.t.Fatal(err)
	}
	return copied
}

func TestWhatWasAnsweredSurvivesAKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "folder", "state.jsonl")
	s := startWith(t, sandbox.Config{StateFile: path})
	dead := sandbox.WebhookEndpoint{URL: "http://127.0.0.1:1/", Connect: true, EnabledEvents: []string{"*"}, Description: "test"}
	secret, err := s.EnsureWebhookEndpoint(t.Context(), dead)
	if err != nil {
		t.Fatal(err)
	}
	changed := s.account("complete")
	s.control("/sandbox/accounts/"+changed, `{"charges_enabled":false,"settings":{"dashboard":{"display_name":"Renamed"}}}`)
	gone := s.account("complete")
	s.control("/sandbox/accounts/"+gone+"/deauthorize?silent=1", "")
	s.control("/sandbox/accounts", `{"persona":"restricted","count":3}`)
	code := s.grant(url.Values{"persona": {"complete"}}).Get("code")
	used := s.grant(url.Values{"persona": {"complete"}}).Get("code")
	s.exchange(used)
	s.control("/sandbox/clock", `{"advance":"1h"}`)
	fresh := s.grant(url.Values{"persona": {"complete"}}).Get("code")
	before := s.api(http.MethodGet, "/v1/accounts?limit=100", "").body

	copied := s.stateFile(path)
	for _, torn := range []string{"", `{"accounts":[{"id":"acct_torn","persona":"comp`} {
		appendTo(t, copied, torn)
		again := open(t, sandbox.Config{StateFile: copied})
		if diff := cmp.Diff(s.Platform(), again.Platform()); diff != "" {
			t.Errorf("platform:\n%s", diff)
		}
		if after := again.api(http.MethodGet, "/v1/accounts?limit=100", "").body; after != before {
			t.Errorf("accounts were\n%s\nare\n%s", before, after)
		}
		if a := again.api(http.MethodGet, "/v1/accounts/"+gone, ""); a.status != http.StatusForbidden {
			t.Errorf("disconnected account: %d", a.status)
		}
		if kept, err := again.EnsureWebhookEndpoint(t.Context(), dead); err != nil || kept != secret {
			t.Errorf("endpoint's secret: %v", err)
		}
		again.stop()
	}
	again := startWith(t, sandbox.Config{StateFile: copied})
	if a := again.exchange(code); a.status != http.StatusBadRequest {
		t.Errorf("code from before the clock moved: %d", a.status)
	}
	if a := again.exchange(used); !strings.Contains(a.body, "revoked") {
		t.Errorf("used code: %s", a.body)
	}
	if a := again.exchange(fresh); a.status != http.StatusOK {
		t.Errorf("fresh code: %d %s", a.status, a.body)
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestEventNotYetDeliveredSurvivesAKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.jsonl")
	s := startWith(t, sandbox.Config{StateFile: path})
	refusing := s.receiver(always(http.StatusServiceUnavailable))
	id := s.account("complete")
	s.control("/sandbox/accounts/"+id, `{"charges_enabled":false}`)
	lost := refusing.next()

	again := startWith(t, sandbox.Config{StateFile: s.stateFile(path)})
	taking := again.receiver(always(http.StatusOK)) // the same endpoint by its description, at another URL
	if e := taking.next(); e.ID != lost.ID || e.Body != lost.Body {
		t.Errorf("delivered after the kill: %s, want %s", e.ID, lost.ID)
	}
	if refusing.secret != taking.secret {
		t.Error("the endpoint changed its secret")
	}
}

func TestStateFileIsOfOneProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.jsonl")
	first := open(t, sandbox.Config{StateFile: path})
	if _, err := sandbox.Start(t.Context(), sandbox.Config{StateFile: path}); !errors.Is(err, sandbox.ErrStateFileInUse) {
		t.Errorf("second sandbox on the file: %v", err)
	}
	first.stop()
	open(t, sandbox.Config{StateFile: path}).stop()
}

func TestDamagedStateFileIsNotOverwritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.jsonl")
	const damaged = "not a change\n{}\n"
	if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sandbox.Start(t.Context(), sandbox.Config{StateFile: path}); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("start on a damaged file: %v", err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != damaged {
		t.Errorf("the damaged file is now %q (%v)", content, err)
	}
}
