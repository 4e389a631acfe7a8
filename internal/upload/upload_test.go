package upload_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/upload"
)

const (
	limit = 100
	short = 50 * time.Millisecond
)

// echo answers with the body, or with what is wrong with it.
func echo(w http.ResponseWriter, r *http.Request) {
	content, err := upload.Read(w, r, limit)
	switch {
	case errors.Is(err, upload.ErrTooLarge):
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	case errors.Is(err, upload.ErrTooSlow):
		w.WriteHeader(http.StatusRequestTimeout)
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	default:
		_, _ = w.Write(content)
	}
}

func serve(t *testing.T, within time.Duration, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(upload.Bounded(within, h))
	t.Cleanup(server.Close)
	return server
}

// client is a connection on which a test sends what it likes.
type client struct {
	t      *testing.T
	conn   net.Conn
	reader *bufio.Reader
}

func dial(t *testing.T, server *httptest.Server) client {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return client{t, conn, bufio.NewReader(conn)}
}

// ask sends a request and returns the answer's status and body.
func (c client) ask(method, rest string) (int, string) {
	c.t.Helper()
	if _, err := fmt.Fprintf(c.conn, "%s / HTTP/1.1\r\nHost: connectd\r\n%s", method, rest); err != nil {
		c.t.Fatal(err)
	}
	res, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, string(content)
}

func TestBodiesAreReadToTheLimit(t *testing.T) {
	t.Parallel()
	server := serve(t, time.Minute, echo)
	for length, want := range map[int]int{0: 200, 1: 200, limit: 200, limit + 1: 413, 10 * limit: 413} {
		content := strings.Repeat("x", length)
		for name, sent := range map[string]string{
			"sized":   fmt.Sprintf("Content-Length: %d\r\n\r\n%s", length, content),
			"chunked": fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%s0\r\n\r\n", chunk(content)),
		} {
			if status, got := dial(t, server).ask("POST", sent); status != want || status == 200 && got != content {
				t.Errorf("%s, %d bytes: %d %q, want %d", name, length, status, got, want)
			}
		}
	}
}

func chunk(content string) string {
	if content == "" {
		return ""
	}
	return fmt.Sprintf("%x\r\n%s\r\n", len(content), content)
}

func TestBodyThatNeverComesIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	server := serve(t, short, echo)
	for name, sent := range map[string]string{
		"none of it": "Content-Length: 10\r\n\r\n",
		"half of it": "Content-Length: 10\r\n\r\n12345",
		"no chunk":   "Transfer-Encoding: chunked\r\n\r\n",
	} {
		if status, _ := dial(t, server).ask("POST", sent); status != http.StatusRequestTimeout {
			t.Errorf("%s: %d", name, status)
		}
	}
}

// TestBodyThatNobodyReadsIsNotWaitedForEither: of an answer that needs no body, or is too large to be read at all.
func TestBodyThatNobodyReadsIsNotWaitedForEither(t *testing.T) {
	t.Parallel()
	server := serve(t, short, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			echo(w, r)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	})
	if status, _ := dial(t, server).ask("GET", "Content-Length: 10\r\n\r\n"); status != http.StatusNotFound {
		t.Errorf("unread: %d", status)
	}
	if status, _ := dial(t, server).ask("POST", "Content-Length: 1000\r\n\r\n"); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", status)
	}
}

// TestTimeEndsWithTheBody: neither a handler that outlives it nor the connection's next request is cut.
func TestTimeEndsWithTheBody(t *testing.T) {
	t.Parallel()
	server := serve(t, short, func(w http.ResponseWriter, r *http.Request) {
		content, err := upload.Read(w, r, limit)
		if err != nil {
			t.Error(err)
		}
		outlived := time.NewTimer(2 * short)
		defer outlived.Stop()
		select {
		case <-r.Context().Done():
			t.Error("the handler was cut")
		case <-outlived.C:
		}
		_, _ = w.Write(content)
	})
	c := dial(t, server)
	for range 3 {
		if status, got := c.ask("POST", "Content-Length: 2\r\n\r\nok"); status != http.StatusOK || got != "ok" {
			t.Errorf("%d %q", status, got)
		}
	}
}

func TestBodyThatEndsEarlyIsAnError(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, time.Minute, echo))
	if _, err := fmt.Fprint(c.conn, "POST / HTTP/1.1\r\nHost: connectd\r\nContent-Length: 10\r\n\r\n12345"); err != nil {
		t.Fatal(err)
	}
	if err := c.conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(c.reader, nil)
	if err != nil || res.StatusCode != http.StatusBadRequest {
		t.Errorf("%v, %v", res, err)
	}
}
