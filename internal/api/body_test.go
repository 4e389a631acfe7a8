package api_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestABodyThatEndsEarlyIsMalformed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for name, sent := range map[string]string{
		"half of it":      "Content-Length: 100\r\n\r\n{\"seller_ids\":[",
		"a broken chunk":  "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"sel\r\nnonsense",
		"no chunk at all": "Transfer-Encoding: chunked\r\n\r\n",
	} {
		status := s.sendRaw("POST /v1/readiness HTTP/1.1\r\nHost: connectd\r\nAuthorization: Bearer " + s.key + "\r\n" + sent)
		if status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
	}
}

// TestABodyOfUnknownLengthIsBounded: chunks do not say how many will come.
func TestABodyOfUnknownLengthIsBounded(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	fits := `{"seller_ids":["a"]}` + strings.Repeat(" ", 1<<20-20)
	for body, want := range map[string]int{fits: http.StatusOK, fits + " ": http.StatusRequestEntityTooLarge} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/readiness", io.MultiReader(strings.NewReader(body)))
		if err != nil {
			t.Fatal(err)
		}
		if req.ContentLength > 0 {
			t.Fatal("the length is told")
		}
		req.Header.Set("Authorization", "Bearer "+s.key)
		got := send(t, req)
		if got.status != want {
			t.Errorf("%d bytes: %d %s", len(body), got.status, got.body)
		}
		if want != http.StatusOK {
			wantProblem(got, want, "body_too_large")
		}
	}
}

// sendRaw sends bytes and no more, and returns the answer's status.
func (s server) sendRaw(request string) int {
	s.t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(s.t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprint(conn, request); err != nil {
		s.t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		s.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	return res.StatusCode
}

// TestANameThatIsGivenTwiceIsRefused: which of the two is meant can't be told.
func TestANameThatIsGivenTwiceIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for path, body := range map[string]string{
		"/v1/readiness":           `{"seller_ids":["a"],"seller_ids":["b"]}`,
		"/v1/onboarding-links":    `{"seller_id":"a","seller\u005fid":"b"}`,
		"/v1/sellers/s1/products": `{"name":"a","metadata":{"order":"7","order":"8"}}`,
	} {
		wantProblem(s.post(path, body), http.StatusBadRequest, "malformed_body", "body")
	}
}

func TestOnlySoManyErrorsAreTold(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	body := `{"seller_ids":["` + strings.Repeat(`","`, 200) + `"]}`
	got := decode[problem](s.post("/v1/readiness", body), http.StatusUnprocessableEntity)
	if len(got.Errors) != 100 {
		t.Errorf("%d errors", len(got.Errors))
	}
}

func TestAConnectionIsUsedAgainAfterARefusal(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for range 3 {
		wantProblem(s.post("/v1/readiness", `{`), http.StatusBadRequest, "malformed_body", "body")
		if got := s.post("/v1/readiness", `{"seller_ids":[]}`); got.status != http.StatusOK {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
}
