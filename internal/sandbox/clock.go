package sandbox

import (
	"sync/atomic"
	"time"
)

// clock is the sandbox's own: the machine's, moved ahead on command. Safe for concurrent use.
type clock struct {
	base  func() time.Time
	ahead atomic.Int64
}

func newClock(base func() time.Time) *clock {
	return &clock{base: base}
}

func (c *clock) now() time.Time {
	return c.base().Add(time.Duration(c.ahead.Load()))
}
