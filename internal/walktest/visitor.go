package walktest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// Visitor keeps cookies and follows no redirect by itself.
type Visitor struct {
	t      *testing.T
	client *http.Client
}

// NewVisitor is one that has no cookies yet.
func NewVisitor(t *testing.T) Visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return Visitor{t, &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Begin opens a fresh link of the seller's, presses Connect with Stripe, and returns the grant page's button.
func (v Visitor) Begin(w Walk, seller, persona string) string {
	v.t.Helper()
	var link struct {
		URL string `json:"url"`
	}
	w.API(v.t, http.MethodPost, "/v1/onboarding-links", `{"seller_id":"`+seller+`"}`, http.StatusCreated, &link)
	if body := w.Page(v.t, link.URL); !strings.Contains(body, "Connect with Stripe") {
		v.t.Fatalf("the page of %s offers no connection:\n%s", seller, body)
	}
	return v.Location(http.MethodPost, link.URL+"/authorize", http.StatusSeeOther) + "&persona=" + persona
}

// Location makes a request, wants the status, and returns where the answer leads.
func (v Visitor) Location(method, address string, status int) string {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, address, http.NoBody)
	if err != nil {
		v.t.Fatal(err)
	}
	res, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	if body := Read(v.t, res); res.StatusCode != status {
		v.t.Fatalf("%s %s: %d, want %d: %s", method, req.URL.Path, res.StatusCode, status, body)
	}
	return res.Header.Get("Location")
}

// Get asks for a page, and may be used by several goroutines at once.
func (v Visitor) Get(address string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	return v.client.Do(req)
}

// Page is what a page answers, whatever its status.
func (v Visitor) Page(address string) string {
	v.t.Helper()
	res, err := v.Get(address)
	if err != nil {
		v.t.Fatal(err)
	}
	return Read(v.t, res)
}

// Form sends a form. The answer's body is read and closed.
func (v Visitor) Form(address string, values url.Values) *http.Response {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, address, bytes.NewBufferString(values.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	Read(v.t, res)
	return res
}

// Read reads an answer's body, and closes it.
func Read(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
