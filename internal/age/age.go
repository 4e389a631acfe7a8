// Package age says how old something is that may be gone by for so long and no longer.
//
// It may import the standard library alone. Its one rule: neither a clock that was set nor a machine that slept makes
// anything younger.
package age

import "time"

// Of is the time from at to now by the clock that has gone on further: the monotonic one stands still while a machine is
// suspended, and the other one can be set. It is negative only where neither has gone on.
func Of(at, now time.Time) time.Duration {
	return max(now.Sub(at), now.Round(0).Sub(at.Round(0)))
}
