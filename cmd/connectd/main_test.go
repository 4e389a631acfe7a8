package main

import (
	"flag"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/connectd/connectd/internal/postgres"
)

// asConnectd makes the test binary behave as connectd, so that tests start real processes of it.
const asConnectd = "TEST_BINARY_IS_CONNECTD"

func TestMain(m *testing.M) {
	postgres.Main()
	if os.Getenv(asConnectd) != "" {
		main()
	}
	flag.Parse()
	// These tests wait for processes and browsers more than they compute.
	if flag.Lookup("test.parallel").Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0)))
	}
	os.Exit(m.Run())
}
