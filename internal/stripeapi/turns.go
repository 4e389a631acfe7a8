package stripeapi

import (
	"context"
	"sync/atomic"
)

// Turns are the calls of one piece of background work: reads, each of which waits for its turn by the client's Pacer. A
// client's own calls, for which people wait, never wait behind them.
type Turns struct {
	client *Client
	taken  atomic.Int64
}

// Turns begins a piece of background work. It is safe for concurrent use.
func (c *Client) Turns() *Turns { return &Turns{client: c} }

// Next waits for the next turn and returns a client whose first call takes it; further calls of that client wait for turns of
// their own.
func (t *Turns) Next(ctx context.Context) (*Client, error) {
	if err := t.wait(ctx); err != nil {
		return nil, &Error{Kind: Unreachable, Op: "wait for a turn", Err: err}
	}
	var used atomic.Bool
	granted := *t.client
	granted.wait = func(ctx context.Context) error {
		if used.CompareAndSwap(false, true) {
			return nil
		}
		return t.wait(ctx)
	}
	return &granted, nil
}

// Taken counts the turns so far.
func (t *Turns) Taken() int64 { return t.taken.Load() }

func (t *Turns) wait(ctx context.Context) error {
	if err := t.client.cfg.Pacer.Wait(ctx); err != nil {
		return err
	}
	t.taken.Add(1)
	return nil
}
