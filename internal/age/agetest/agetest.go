// Package agetest makes times that no test can wait for.
//
// It is for tests alone and may import the standard library alone. Its one rule: where Go keeps times otherwise than it
// takes for granted, it panics.
package agetest

import (
	"fmt"
	"time"
	"unsafe"
)

// WallClockSet is t where the wall clock was set forward by so many seconds, or back: the monotonic clock knows nothing of it.
// So it is after a machine was suspended too. The package time has no way to say so; the seconds stand above the 30 bits of
// the nanoseconds in the first word of a Time that has both clocks (time/time.go), and a Go that keeps them elsewhere panics.
func WallClockSet(t time.Time, by time.Duration) time.Time {
	set := t
	word := (*uint64)(unsafe.Pointer(&set))
	*word += uint64(by/time.Second) << 30
	if wall, monotonic := set.Round(0).Sub(t.Round(0)), set.Sub(t); wall != by || monotonic != 0 {
		panic(fmt.Sprintf("the wall clock was set by %v and the monotonic one by %v", wall, monotonic))
	}
	return set
}
