// Package walktest goes through a connectd from outside, over HTTP: as the platform, as its sellers, as Stripe and as an admin.
//
// It is for tests alone and may import app (the ready file), client and waittest. Its one rule: a step that did not go as it
// should ends the test, and says what was answered.
package walktest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/waittest"
)

// StatusOf is the status that an account of each persona gets under the demo's policy.
var StatusOf = map[string]string{
	"complete": "enabled", "enabled": "enabled", "nameless": "enabled", "restricted_soon": "restricted_soon",
	"restricted": "restricted", "no_payouts": "restricted", "no_charges": "restricted", "no_cards": "restricted",
	"document_failed": "restricted", "incomplete": "incomplete", "in_review": "in_review", "rejected": "rejected",
	"unsupported": "unsupported",
}

// Walk is a connectd to go through, and the sandbox that it has for Stripe.
type Walk struct{ app.Ready }

// Connect walks a seller through the pages and returns the seller's page.
func (w Walk) Connect(t *testing.T, seller, persona string) (page string) {
	t.Helper()
	v := NewVisitor(t)
	callback := v.Location(http.MethodGet, v.Begin(w, seller, persona), http.StatusFound)
	return v.Location(http.MethodGet, callback, http.StatusSeeOther)
}

// Readiness asks the database, since a command's process may have changed it just now: the copy in memory hears of that within
// its lease.
func (w Walk) Readiness(t *testing.T, seller string) client.Readiness {
	t.Helper()
	res := w.Do(t, http.MethodGet, w.BaseURL+"/v1/sellers/"+seller+"/readiness", w.APIKey, "", "Cache-Control", "no-cache")
	var ready client.Readiness
	if got := Read(t, res); res.StatusCode != http.StatusOK || json.Unmarshal([]byte(got), &ready) != nil {
		t.Fatalf("readiness of %s: %d: %s", seller, res.StatusCode, got)
	}
	return ready
}

// API asks the API with the demo's key, wants the status, and reads the answer into what is not nil.
func (w Walk) API(t *testing.T, method, path, body string, status int, into any) {
	t.Helper()
	res := w.Do(t, method, w.BaseURL+path, w.APIKey, body)
	got := Read(t, res)
	if res.StatusCode != status {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, res.StatusCode, status, got)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal([]byte(got), into); err != nil {
		t.Fatalf("%s %s: %v: %s", method, path, err, got)
	}
}

// Do makes a request; header is names, each with its value.
func (w Walk) Do(t *testing.T, method, address, key, body string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	for pair := range slices.Chunk(header, 2) {
		req.Header.Set(pair[0], pair[1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// Sandbox tells the sandbox, in Stripe's place, what to do.
func (w Walk) Sandbox(t *testing.T, path, body string) {
	t.Helper()
	res := w.Do(t, http.MethodPost, w.SandboxURL+"/sandbox/"+path, "", body)
	if got := Read(t, res); res.StatusCode >= 300 {
		t.Fatalf("sandbox %s: %d: %s", path, res.StatusCode, got)
	}
}

// Page is what an address answers to somebody without cookies.
func (w Walk) Page(t *testing.T, address string) string {
	t.Helper()
	res := w.Do(t, http.MethodGet, address, "", "")
	defer res.Body.Close()
	return Read(t, res)
}

// SQL runs a statement on connectd's database.
func (w Walk) SQL(t *testing.T, statement string, args ...any) {
	t.Helper()
	w.Database(t, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, statement, args...)
		return err
	})
}

// Count is the number that a query finds.
func (w Walk) Count(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	w.Database(t, func(ctx context.Context, conn *pgx.Conn) error { return conn.QueryRow(ctx, query, args...).Scan(&n) })
	return n
}

// Database does something with a connection of its own, within ten seconds.
func (w Walk) Database(t *testing.T, do func(context.Context, *pgx.Conn) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, w.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := do(ctx, conn); err != nil {
		t.Fatal(err)
	}
}

// UntilAllAreChecked waits until the feed is quiet: what a demo has just made is checked once more where it is not in order.
func (w Walk) UntilAllAreChecked(t *testing.T) {
	t.Helper()
	waittest.Until(t, "a quiet feed", func() bool {
		return w.Count(t, `select count(*) from accounts where next_check_at < now() + interval '1 minute'`) == 0
	})
}
