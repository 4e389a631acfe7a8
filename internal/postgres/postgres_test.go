package postgres

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestUnreachableDatabaseIsTriedAgainAndAgain(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	url := "postgres://someone:open-sesame@127.0.0.1:1/some?sslmode=disable"

	pool, err := open(t.Context(), url, nil, slog.New(slog.NewTextHandler(&log, nil)),
		patience{every: 10 * time.Millisecond, upTo: 200 * time.Millisecond})

	if err == nil {
		pool.Close()
		t.Fatal("opened a database that is not there")
	}
	if lines := strings.Count(log.String(), "\n"); lines < 2 {
		t.Errorf("%d lines in the log, want one for each of several attempts", lines)
	}
	if said := log.String() + err.Error(); strings.Contains(said, "open-sesame") {
		t.Errorf("the password was told: %s", said)
	}
	if !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("got %q, want it to name the address", err)
	}
}

func TestMalformedURLIsRefusedAtOnceWithoutItsPassword(t *testing.T) {
	t.Parallel()

	_, err := Open(t.Context(), "postgres://someone:open-sesame@127.0.0.1:port/some", slog.New(slog.DiscardHandler))

	if err == nil || strings.Contains(err.Error(), "open-sesame") {
		t.Errorf("got %v, want an error that leaves the password out", err)
	}
}

func TestPoolSettings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		url         string
		connections int32
		application string
		timeout     time.Duration
	}{
		"defaults": {"postgres://127.0.0.1/some", maxConnections, "connectd", connectTimeout},
		"wishes":   {"postgres://127.0.0.1/some?pool_max_conns=3&application_name=other&connect_timeout=9", 3, "other", 9 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, err := poolConfig(test.url)
			if err != nil {
				t.Fatal(err)
			}
			if config.MaxConns != test.connections {
				t.Errorf("%d connections, want %d", config.MaxConns, test.connections)
			}
			if got := config.ConnConfig.RuntimeParams["application_name"]; got != test.application {
				t.Errorf("application %q, want %q", got, test.application)
			}
			if got := config.ConnConfig.ConnectTimeout; got != test.timeout {
				t.Errorf("timeout %s, want %s", got, test.timeout)
			}
		})
	}
}
