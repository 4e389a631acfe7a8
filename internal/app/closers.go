package app

import (
	"context"
	"errors"
	"sync"
	"time"
)

// closers close in reverse of the order in which they were added.
type closers []func(context.Context) error

func (c *closers) add(f func(context.Context) error) { *c = append(*c, f) }

// addPlain is add of what closes without a context, such as a pool.
func (c *closers) addPlain(f func()) {
	c.add(func(context.Context) error { f(); return nil })
}

func (c *closers) close(ctx context.Context) error {
	var errs []error
	for len(*c) > 0 {
		last := len(*c) - 1
		errs = append(errs, endWithin(ctx, (*c)[last]))
		*c = (*c)[:last]
	}
	return errors.Join(errs...)
}

// lastMoment is what those who close have left once their time is over: to say what they could not end.
const lastMoment = 100 * time.Millisecond

// endWithin closes, and leaves behind what takes longer than ctx: its connections may have gone dead.
func endWithin(ctx context.Context, closes func(context.Context) error) error {
	done := make(chan error, 1)
	go func() { done <- closes(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(lastMoment):
		return ctx.Err()
	}
}

func waitFor(ctx context.Context, running *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
