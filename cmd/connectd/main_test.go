package main

import (
	"os"
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
	os.Exit(m.Run())
}
