package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
)

// get and post call as a platform whose key has every scope.
func (s server) get(path string) answer { return s.call(http.MethodGet, path, "") }

func (s server) post(path, body string) answer { return s.call(http.MethodPost, path, body) }

func (s server) call(method, path, body string) answer {
	s.t.Helper()
	return s.callAs(s.key, method, path, body)
}

// callAs calls with a key, or without one where it is "".
func (s server) callAs(key, method, path, body string) answer {
	s.t.Helper()
	req := newRequest(s.t, method, s.url+path, body)
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	got := send(s.t, req)
	conform(s.t, req, got)
	return got
}

func newRequest(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

func send(t *testing.T, req *http.Request) answer {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{t: t, status: res.StatusCode, header: res.Header, body: body}
}

// decode reads the body of an answer that must have the status.
func decode[T any](a answer, status int) T {
	a.t.Helper()
	var into T
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&into); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
	return into
}

// problem is what callers are promised of an error.
type problem struct {
	Type, Title, Detail, Code string
	Status                    int
	Errors                    []struct{ Location, Message string }
	Reasons                   []client.Reason
	Stripe                    *struct {
		Code, Message, Param string
		RequestID            string `json:"request_id"`
	}
}

// wantProblem holds an answer against what every problem is; locations are those of its errors.
func wantProblem(a answer, status int, code string, locations ...string) problem {
	a.t.Helper()
	got := decode[problem](a, status)
	if kind := a.header.Get("Content-Type"); kind != "application/problem+json" {
		a.t.Errorf("Content-Type %q", kind)
	}
	if got.Status != status || got.Code != code || got.Type != "urn:connectd:problem:"+code {
		a.t.Errorf("status %d, code %q, type %q; want %d, %q", got.Status, got.Code, got.Type, status, code)
	}
	if got.Title == "" || got.Detail == "" || !bytes.Contains(a.body, []byte(`"errors":[`)) {
		a.t.Errorf("a problem lacks words or errors: %s", a.body)
	}
	found := []string{}
	for _, e := range got.Errors {
		found = append(found, e.Location)
		if e.Message == "" {
			a.t.Errorf("nothing is said about %s", e.Location)
		}
	}
	if diff := cmp.Diff(append([]string{}, locations...), found); diff != "" {
		a.t.Errorf("locations (-want +got):\n%s%s", diff, a.body)
	}
	return got
}
