package stripeapi

import (
	"context"
	"sync/atomic"
)

// Turns are the calls of one piece of background work. Each waits for its turn under the rate that the client's Scan keeps.
type Turns struct {
	scan  *Client
	taken atomic.Int64
}

// Turns begins a piece of background work. It is safe for concurrent use.
func (c *Client) Turns() *Turns { return &Turns{scan: c.Scan()} }

// Next waits for the next turn and returns a client whose first call takes it; further calls of that client wait for turns of
// their own.
func (t *Turns) Next(ctx context.Context) (*Client, error) {
	if err := t.wait(ctx); err != nil {
		return nil, err
	}
	granted := *t.scan
	granted.pace = &turn{of: t}
	return &granted, nil
}

// Taken counts the turns so far.
func (t *Turns) Taken() int64 { return t.taken.Load() }

func (t *Turns) wait(ctx context.Context) error {
	if err := t.scan.waitTurn(ctx); err != nil {
		return err
	}
	t.taken.Add(1)
	return nil
}

// turn is one that was waited for already.
type turn struct {
	of   *Turns
	used atomic.Bool
}

// Wait returns at once the first time.
func (t *turn) Wait(ctx context.Context) error {
	if t.used.CompareAndSwap(false, true) {
		return ctx.Err()
	}
	return t.of.wait(ctx)
}
