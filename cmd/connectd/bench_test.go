package main

import (
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/postgres/postgrestest"
)

func TestABenchmarkTakesNobodysDatabase(t *testing.T) {
	t.Parallel()
	database := []string{"DATABASE_URL=" + postgrestest.URL(t)}
	if _, stderr, code := connectd(t, database, "bench", "--accounts", "300"); code != 1 || !strings.Contains(stderr, "is not empty") {
		t.Errorf("on a migrated database it ended with %d: %s", code, stderr)
	}
	for _, args := range [][]string{{"--accounts", "5"}, {"--accounts", "300", "--only", "nothing"}, {"--accounts", "300", "--for", "0s"}} {
		if _, stderr, code := connectd(t, nil, append([]string{"bench"}, args...)...); code != 2 || stderr == "" {
			t.Errorf("connectd bench %s ended with %d: %s", strings.Join(args, " "), code, stderr)
		}
	}
}
