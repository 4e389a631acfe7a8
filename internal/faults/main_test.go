//go:build faults

package faults

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/processtest"
)

var (
	seed     = flag.Uint64("seed", 0, "of all choices; 0 draws one, which is printed")
	duration = flag.Duration("for", 20*time.Second, "how long things are broken; the settling comes on top")
	kept     = flag.String("report", "", "where to keep the record (default: the test's artifacts)")
	judged   = flag.String("judge", "", "a record to judge again, in place of a run")
)

var connectd processtest.Program

func TestMain(m *testing.M) {
	postgres.Main()
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxiproxy's toxics log by themselves
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if *judged != "" {
		return m.Run()
	}
	if *seed == 0 {
		*seed = rand.Uint64N(1_000_000)
	}
	program, remove, err := processtest.Build()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer remove()
	connectd = program
	return m.Run()
}
