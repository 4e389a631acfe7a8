package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// read asks, and asks again where that may help.
func read[T any](ctx context.Context, c *Client, q request) (T, error) {
	var pause backoff
	for tried := 0; ; tried++ {
		answer, err := ask[T](ctx, c, q)
		if err == nil || tried >= c.retries || !passing(err) || ctx.Err() != nil {
			return answer, err
		}
		if pause.wait(ctx, err) != nil {
			return answer, err
		}
	}
}

// ask makes one attempt.
func ask[T any](ctx context.Context, c *Client, q request) (answer T, err error) {
	var body bytes.Buffer
	if err := fetch(ctx, c, q, &body); err != nil {
		return answer, err
	}
	if err := json.Unmarshal(body.Bytes(), &answer); err != nil {
		return *new(T), fmt.Errorf("read the answer of %s %s: %w", q.method, q.path, err)
	}
	return answer, nil
}

// fetch makes one attempt and reads the answer to its end: the connection can then be used again.
func fetch(ctx context.Context, c *Client, q request, into *bytes.Buffer) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(q.within, answerWithin))
	defer cancel()
	req, err := c.build(ctx, q)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // only read
	if res.StatusCode/100 != 2 {
		return problemIn(res)
	}
	_, err = into.ReadFrom(http.MaxBytesReader(nil, res.Body, longestAnswer))
	return err
}

// longestAnswer is far beyond a thousand sellers: what is longer is not connectd's, and must not take all memory.
const longestAnswer = 256 << 20

// passing tells whether the same request may be answered otherwise a little later.
func passing(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return !ok || e.Status >= http.StatusInternalServerError ||
		e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout
}

// backoff is how long to wait before the next attempt: from 50 ms on twice as long each time, at most 5 s, and less by a
// random part of up to a half, so that many clients do not come back at once.
type backoff struct {
	last time.Duration
}

const (
	shortestPause = 50 * time.Millisecond
	longestPause  = 5 * time.Second
)

// wait waits before the attempt after err, or until ctx ends. What the server asks for by Retry-After is waited for, within
// the bound.
func (b *backoff) wait(ctx context.Context, err error) error {
	b.last = min(max(2*b.last, shortestPause), longestPause)
	pause := b.last - rand.N(b.last/2)
	if e, ok := errors.AsType[*Error](err); ok {
		pause = min(max(pause, e.RetryAfter), longestPause)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
