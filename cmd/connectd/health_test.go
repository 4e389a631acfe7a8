package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestHealthAsksWhoListens(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	status.Store(http.StatusOK)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			t.Errorf("it asked for %s", r.URL.Path)
		}
		w.WriteHeader(int(status.Load()))
	}))
	addr := server.Listener.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	for _, at := range []string{addr, ":" + port, "0.0.0.0:" + port} {
		if out := expect(t, exitDone, []string{"CONNECTD_ADDR=" + at}, "health"); out != "ok\n" {
			t.Errorf("at %s it printed %q", at, out)
		}
	}
	status.Store(http.StatusInternalServerError)
	expect(t, exitShort, nil, "health", "--addr", addr)
	server.Close()
	expect(t, exitShort, nil, "health", "--addr", addr)
	expect(t, exitUsage, nil, "health", "--addr", "nowhere")
}

func TestHealthOfWhoAcceptsAndSaysNothing(t *testing.T) {
	t.Parallel()
	mute, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	_, words, code := connectd(t, nil, "health", "--addr", mute.Addr().String(), "--within", "50ms")
	if code != exitShort || !strings.Contains(words, "does not answer") {
		t.Errorf("it ended with %d: %s", code, words)
	}
}
