package bench

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestWhoIsToldToWaitAsksAgain(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch n := asked.Add(1); {
		case r.URL.Path == "/forbidden":
			http.Error(w, "no", http.StatusForbidden)
		case n < 3:
			http.Error(w, "later", http.StatusServiceUnavailable)
		default:
			_, _ = w.Write(bytes.Repeat([]byte("now"), 10_000)) // in chunks: longer than what net/http measures
		}
	}))
	defer server.Close()
	r := &run{}
	addr := server.Listener.Addr().String()
	c, err := r.dial(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // what is left of an answer would be taken for the next
		var body bytes.Buffer
		if err := c.askUntilAnswered(t.Context(), get(addr, "/", ""), &body); err != nil || body.Len() != 30_000 {
			t.Fatalf("%d bytes, %v", body.Len(), err)
		}
	}
	if err := c.askUntilAnswered(t.Context(), get(addr, "/forbidden", ""), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("what is forbidden: %v", err)
	}
	if asked.Load() != 5 {
		t.Errorf("asked %d times, not 5", asked.Load())
	}
	if err := r.close(t.Context()); err != nil {
		t.Error(err)
	}
}
