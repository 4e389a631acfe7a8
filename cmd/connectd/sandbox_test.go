package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/connectd/connectd/internal/app"
)

// TestSandboxForwardsAccountsEvents starts the command as stripe listen is started, and reads what it prints.
func TestSandboxForwardsAccountsEvents(t *testing.T) {
	t.Parallel()
	signed := make(chan string, 1)
	secret := make(chan string, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		err := webhook.ValidatePayload(body, r.Header.Get("Stripe-Signature"), <-secret)
		signed <- fmt.Sprint(err)
	}))
	defer receiver.Close()
	ctx, stop := context.WithCancel(t.Context())
	out, lines := io.Pipe()
	readyFile := filepath.Join(t.TempDir(), "ready.json")
	command := sandboxCommand{
		Addr: "127.0.0.1:0", ReadyFile: readyFile, ForwardConnectTo: strings.TrimPrefix(receiver.URL, "http://") + "/hook",
	}
	ended := make(chan error, 1)
	go func() {
		ended <- command.Run(ctx, console{out: lines, err: io.Discard})
		_ = lines.Close()
	}()
	printed := make(chan string, 100)
	go func() {
		defer close(printed)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			printed <- scanner.Text()
		}
	}()
	ready := awaitForwarding(t, printed, readyFile)
	secret <- ready.WebhookSecret

	acct := postJSON(t, ready.SandboxURL+"/sandbox/accounts", `{"persona":"complete"}`)
	postJSON(t, ready.SandboxURL+"/sandbox/accounts/"+acct, `{"payouts_enabled":false}`)
	if err := <-signed; err != "<nil>" {
		t.Errorf("signature: %s", err)
	}
	if line := <-printed; !strings.Contains(line, "[200]") || !strings.Contains(line, acct+" account.updated [evt_") {
		t.Errorf("printed %q", line)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the command ended with %v", err)
	}
}

// awaitForwarding reads the introduction to its end and then the ready file, which is written after it.
func awaitForwarding(t *testing.T, printed <-chan string, readyFile string) app.Ready {
	t.Helper()
	intro := ""
	for line := range printed {
		intro += line + "\n"
		if strings.HasPrefix(line, "Forwarding to") {
			break
		}
	}
	var ready app.Ready
	content, err := os.ReadFile(readyFile)
	for again := time.NewTicker(time.Millisecond); errors.Is(err, fs.ErrNotExist) && t.Context().Err() == nil; <-again.C {
		content, err = os.ReadFile(readyFile)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &ready); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{ready.SandboxURL, ready.PlatformKey, ready.ClientID, ready.WebhookSecret, "/hook"} {
		if text == "" || !strings.Contains(intro, text) {
			t.Fatalf("the introduction lacks %q:\n%s", text, intro)
		}
	}
	return ready
}

// postJSON answers the id of what was made or changed.
func postJSON(t *testing.T, url, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // only read
	var object struct{ ID string }
	if err := json.NewDecoder(res.Body).Decode(&object); err != nil || object.ID == "" {
		t.Fatalf("POST %s: %d, %v", url, res.StatusCode, err)
	}
	return object.ID
}

func TestSandboxRefusesAWrongForwardURL(t *testing.T) {
	t.Parallel()
	command := sandboxCommand{Addr: "127.0.0.1:0", ForwardConnectTo: "ftp://a.example"}
	err := command.Run(t.Context(), console{out: io.Discard, err: io.Discard})
	var wrong *settingsError
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "--forward-connect-to") {
		t.Errorf("the command ended with %v", err)
	}
}
