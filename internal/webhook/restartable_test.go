package webhook_test

import (
	"context"
	"log/slog"
	"net/url"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/postgres"
)

// restartable is a server that can be stopped and started again on its data and its port.
type restartable struct {
	t      *testing.T
	dir    string
	port   int
	server *postgres.Server
}

func (s *restartable) start() {
	server, err := postgres.StartServer(context.Background(), postgres.ServerConfig{
		DataDir: s.dir, Port: s.port, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = server.Stop(context.Background()) })
	if s.server == nil {
		if err := postgres.MigrateUp(context.Background(), server.URL(), slog.New(slog.DiscardHandler)); err != nil {
			s.t.Fatal(err)
		}
	}
	s.server, s.port = server, portOf(s.t, server.URL())
}

func (s *restartable) stop() {
	if err := s.server.Stop(context.Background()); err != nil {
		s.t.Error(err)
	}
}

func portOf(t *testing.T, address string) int {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func openPool(t *testing.T, address string) *pgxpool.Pool {
	pool, err := postgres.Open(t.Context(), address, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}
