package main

import (
	"runtime/debug"
	"testing"
)

func TestCollectorIsCalmUnlessGOGCSaysOtherwise(t *testing.T) { //nolint:paralleltest // the collector is the whole process's
	before := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	for _, c := range []struct {
		gogc string
		want int
	}{{"50", 100}, {"", 400}} {
		t.Setenv("GOGC", c.gogc)
		calmCollector()
		if got := debug.SetGCPercent(100); got != c.want {
			t.Errorf("with GOGC=%q the collector runs at %d %%, want %d", c.gogc, got, c.want)
		}
	}
}
