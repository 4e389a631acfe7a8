package main

import (
	"os"
	"runtime/debug"
)

// calmGC is what GOGC is set to in serve. Its heap is small and its garbage is not: at Go's own 100 the collector, whose least
// heap is 4 MB, runs all the time while events come in.
const calmGC = 400

// calmCollector makes the garbage collector run less often, unless GOGC says how often (pkg.go.dev/runtime).
func calmCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(calmGC)
	}
}
