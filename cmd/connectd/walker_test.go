package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/app"
)

// snapshot is all accounts as rows, and how many the sandbox holds.
type snapshot struct {
	accounts []client.Account
	sandbox  string
}

func (w walk) snapshot() snapshot {
	w.t.Helper()
	return snapshot{w.accounts(w.t, "limit=1000&sort=id").Data, w.sandboxAccounts(w.t)}
}

// sameAs holds that a demo started again has all that it had, and that all it gave still works.
func (w walk) sameAs(t *testing.T, before snapshot, given app.Ready) {
	t.Helper()
	now := w.snapshot()
	if len(now.accounts) != len(before.accounts) || now.sandbox != before.sandbox {
		t.Fatalf("%d accounts, then %d", len(before.accounts), len(now.accounts))
	}
	for i, a := range now.accounts {
		if a.ID != before.accounts[i].ID || a.SellerID != before.accounts[i].SellerID || a.Status != before.accounts[i].Status {
			t.Errorf("account %+v became %+v", before.accounts[i], a)
		}
	}
	if w.ready.APIKey != given.APIKey || w.ready.AdminPassword != given.AdminPassword ||
		w.ready.WebhookSecret != given.WebhookSecret || w.ready.PlatformKey != given.PlatformKey {
		t.Error("key, password or secrets changed")
	}
	acct := *w.readiness(t, "complete").AccountID
	w.api(t, http.MethodPost, "/v1/accounts/"+acct+"/recheck", "", http.StatusOK, nil)
}

func (w walk) sandboxAccounts(t *testing.T) string {
	t.Helper()
	res := w.do(t, http.MethodGet, w.ready.SandboxURL+"/v1/accounts?limit=100", w.ready.PlatformKey, "")
	var page struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(read(t, res)), &page); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(page.Data)
}

// connect walks a seller through the pages and returns the seller's page.
func (w walk) connect(t *testing.T, seller, persona string) (page string) {
	t.Helper()
	b := newBrowser(t)
	callback := b.location(http.MethodGet, b.begin(w, seller, persona), http.StatusFound)
	return b.location(http.MethodGet, callback, http.StatusSeeOther)
}

// readiness asks the database, since a command's process may have changed it just now: the copy in memory hears of that within
// its lease.
func (w walk) readiness(t *testing.T, seller string) client.Readiness {
	t.Helper()
	res := w.do(t, http.MethodGet, w.ready.BaseURL+"/v1/sellers/"+seller+"/readiness", w.ready.APIKey, "", "Cache-Control", "no-cache")
	var ready client.Readiness
	if got := read(t, res); res.StatusCode != http.StatusOK || json.Unmarshal([]byte(got), &ready) != nil {
		t.Fatalf("readiness of %s: %d: %s", seller, res.StatusCode, got)
	}
	return ready
}

type accountList struct {
	Data       []client.Account `json:"data"`
	NextCursor *string          `json:"next_cursor"`
}

func (w walk) accounts(t *testing.T, query string) accountList {
	t.Helper()
	var list accountList
	w.api(t, http.MethodGet, "/v1/accounts?"+query, "", http.StatusOK, &list)
	return list
}

func (w walk) api(t *testing.T, method, path, body string, status int, into any) {
	t.Helper()
	res := w.do(t, method, w.ready.BaseURL+path, w.ready.APIKey, body)
	got := read(t, res)
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

// do makes a request; header is names, each with its value.
func (w walk) do(t *testing.T, method, address, key, body string, header ...string) *http.Response {
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

func (w walk) sandbox(t *testing.T, path, body string) {
	t.Helper()
	res := w.do(t, http.MethodPost, w.ready.SandboxURL+"/sandbox/"+path, "", body)
	if got := read(t, res); res.StatusCode >= 300 {
		t.Fatalf("sandbox %s: %d: %s", path, res.StatusCode, got)
	}
}

// exchanges counts what reached the sandbox's exchange.
func (w walk) exchanges(t *testing.T) int {
	t.Helper()
	res := w.do(t, http.MethodGet, w.ready.SandboxURL+"/sandbox/requests", "", "")
	return strings.Count(read(t, res), `"/oauth/token"`)
}

func (w walk) page(t *testing.T, address string) string {
	t.Helper()
	return read(t, w.do(t, http.MethodGet, address, "", ""))
}

func (w walk) sql(t *testing.T, statement string, args ...any) {
	t.Helper()
	w.database(t, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, statement, args...)
		return err
	})
}

func (w walk) count(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	w.database(t, func(ctx context.Context, conn *pgx.Conn) error { return conn.QueryRow(ctx, query, args...).Scan(&n) })
	return n
}

func (w walk) database(t *testing.T, do func(context.Context, *pgx.Conn) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, w.ready.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := do(ctx, conn); err != nil {
		t.Fatal(err)
	}
}

// browser keeps cookies and follows no redirect by itself.
type browser struct {
	t      *testing.T
	client *http.Client
}

func newBrowser(t *testing.T) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return browser{t, &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// begin opens a fresh link of the seller's, presses Connect with Stripe, and returns the grant page's button.
func (b browser) begin(w walk, seller, persona string) string {
	b.t.Helper()
	var link struct {
		URL string `json:"url"`
	}
	w.api(b.t, http.MethodPost, "/v1/onboarding-links", `{"seller_id":"`+seller+`"}`, http.StatusCreated, &link)
	if body := w.page(b.t, link.URL); !strings.Contains(body, "Connect with Stripe") {
		b.t.Fatalf("the page of %s offers no connection:\n%s", seller, body)
	}
	return b.location(http.MethodPost, link.URL+"/authorize", http.StatusSeeOther) + "&persona=" + persona
}

func (b browser) location(method, address string, status int) string {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, http.NoBody)
	if err != nil {
		b.t.Fatal(err)
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	if body := read(b.t, res); res.StatusCode != status {
		b.t.Fatalf("%s %s: %d, want %d: %s", method, req.URL.Path, res.StatusCode, status, body)
	}
	return res.Header.Get("Location")
}

func (b browser) get(address string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	return b.client.Do(req)
}

func (b browser) page(address string) string {
	b.t.Helper()
	res, err := b.get(address)
	if err != nil {
		b.t.Fatal(err)
	}
	return read(b.t, res)
}

func (b browser) form(address string, values url.Values) *http.Response {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, address, bytes.NewBufferString(values.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	read(b.t, res)
	return res
}

func read(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
