package webhook_test

import (
	"context"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

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

// at is the database's URL by another port.
func (s *restartable) at(port int) string {
	u, err := url.Parse(s.server.URL())
	if err != nil {
		s.t.Fatal(err)
	}
	u.Host = net.JoinHostPort(u.Hostname(), strconv.Itoa(port))
	return u.String()
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

// postgresProxy stands between connectd and Postgres.
type postgresProxy struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
}

func newPostgresProxy(t *testing.T, upstream int) *postgresProxy {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := &postgresProxy{t, toxiproxy.NewProxy(server, "postgres", "127.0.0.1:0", net.JoinHostPort("127.0.0.1", strconv.Itoa(upstream)))}
	p.mend()
	t.Cleanup(p.cut)
	return p
}

func (p *postgresProxy) port() int { return portOf(p.t, "tcp://"+p.proxy.Listen) }

// cut ends all connections and takes none.
func (p *postgresProxy) cut() { p.proxy.Stop() }

func (p *postgresProxy) mend() {
	if err := p.proxy.Start(); err != nil {
		p.t.Fatal(err)
	}
}

// stall lets nothing through any more of what Postgres answers, while connections stay: what is asked of it is done.
func (p *postgresProxy) stall() {
	toxic := `{"name":"stall","type":"timeout","stream":"downstream","attributes":{"timeout":0}}`
	if _, err := p.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		p.t.Fatal(err)
	}
}

// flow ends the stall, and the connections that suffered it.
func (p *postgresProxy) flow() {
	if err := p.proxy.Toxics.RemoveToxic(context.Background(), "stall"); err != nil {
		p.t.Fatal(err)
	}
}
