package webhook_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// courier stands where the sandbox delivers events to, takes each, and hands it on as the wire might: late, twice, in
// another order, or never.
type courier struct {
	t *testing.T

	mu      sync.Mutex
	history *life
	fate    *rand.Rand
	onTheir sync.WaitGroup // way to a process
}

// follow makes what comes from now on a history's own.
func (c *courier) follow(h *life, seed uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.history, c.fate = h, rand.New(rand.NewPCG(seed, 0))
}

const longestDelay = 60 * time.Millisecond

func (c *courier) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Error(err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.history.receive(body)
	copies := 1
	switch c.fate.IntN(8) {
	case 0:
		copies = 0
		c.history.count("dropped")
	case 1, 2:
		copies = 2
		c.history.count("delivered twice")
	}
	for range copies {
		c.handOn(n, c.fate.IntN(2), time.Duration(max(0, c.fate.Int64N(2*int64(longestDelay))-int64(longestDelay))), r.Header, body)
	}
	c.history.received(n)
}

// handOn delivers to one of the processes, over HTTP but for the socket.
func (c *courier) handOn(n news, to int, delay time.Duration, header http.Header, body []byte) {
	h := c.history
	if delay > 0 {
		h.count("delivered late")
	}
	c.onTheir.Go(func() {
		select {
		case <-time.After(delay):
		case <-c.t.Context().Done():
		}
		req := httptest.NewRequestWithContext(c.t.Context(), http.MethodPost, "/", bytes.NewReader(body))
		req.Header = header.Clone()
		answer := httptest.NewRecorder()
		h.processes[to].handler.ServeHTTP(answer, req)
		if answer.Code != http.StatusOK {
			h.fail("a delivery was answered %d %s", answer.Code, answer.Body)
		}
		h.answered(n)
	})
}
