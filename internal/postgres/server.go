package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5"
)

// ServerConfig says where an embedded server keeps its data and where it listens.
type ServerConfig struct {
	DataDir string // made if missing; the server's alone, so nothing else may be kept in it
	Port    int    // on 127.0.0.1; 0 takes the one of the last time if it is free, else any
	Logger  *slog.Logger
}

// Server is an embedded Postgres server. Its methods are safe for concurrent use.
type Server struct {
	url        string
	logger     *slog.Logger
	supervisor *hired
	hangUp     sync.Once
	done       chan struct{} // closed when the supervisor has ended, with err set
	err        error
}

// StartServer starts a Postgres server on the data folder, which it makes on first use, and returns once the database
// connectd is there: in half a second, or two for a new folder. It stops with Stop, or when this process dies, however
// that dies.
//
// The programs are those installed on the machine, else downloaded ones. Started as root, the server runs as the data
// folder's owner, or as the user postgres or nobody. A folder that another process serves, or that another major version
// of Postgres made, is refused and left as it is. ctx bounds the start alone.
func StartServer(ctx context.Context, config ServerConfig) (*Server, error) {
	s, err := startSupervised(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("start the embedded Postgres: %w", err)
	}
	if err := ensureDatabase(ctx, s.url); err != nil {
		return nil, errors.Join(fmt.Errorf("start the embedded Postgres: %w", err), s.Stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

func startSupervised(ctx context.Context, config ServerConfig) (*Server, error) {
	f, err := openFolder(config.DataDir)
	if err != nil {
		return nil, err
	}
	o, err := newOrder(ctx, f, config.Logger)
	if err != nil {
		return nil, err
	}
	o.Port, o.Durability, o.Lifetime = config.Port, durable, whilePiped
	supervisor, err := hire(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &Server{logger: config.Logger, supervisor: supervisor, done: make(chan struct{})}
	go s.wait()
	s.url, err = f.url(supervisor.port, databaseName)
	if err != nil {
		return nil, errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// newOrder finds programs for f's data.
func newOrder(ctx context.Context, f folder, logger *slog.Logger) (order, error) {
	major, err := f.major()
	if err != nil {
		return order{}, err
	}
	found, err := newFinder().find(ctx, major, logger)
	if err != nil {
		return order{}, fmt.Errorf("data folder %s: %w", f, err)
	}
	return order{Dir: string(f), PID: os.Getpid(), Binaries: found, LastPort: f.lastPort()}, nil
}

// URL is the database's: postgres://connectd:PASSWORD@127.0.0.1:PORT/connectd?sslmode=disable. The role may do anything,
// such as create databases.
func (s *Server) URL() string { return s.url }

// Done is closed when the server has stopped, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop shuts the server down, which ends the sessions it still has, and waits until it is gone; that takes 13 seconds at
// the most. If ctx ends first the server goes on stopping by itself.
func (s *Server) Stop(ctx context.Context) error {
	s.hangUp.Do(func() { _ = s.supervisor.pipe.Close() }) // fails only where the supervisor is gone
	select {
	case <-s.done:
		return s.err
	case <-ctx.Done():
		return fmt.Errorf("stop the embedded Postgres: %w", context.Cause(ctx))
	}
}

func (s *Server) wait() {
	if err := s.supervisor.cmd.Wait(); err != nil {
		s.err = fmt.Errorf("the embedded Postgres ended badly (see server.log in its data folder): %w", err)
		s.logger.Error("the embedded Postgres ended badly", "error", err)
	}
	close(s.done)
}

func (f folder) url(port int, database string) (string, error) {
	password, err := f.readPassword()
	if err != nil {
		return "", err
	}
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuserName, password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		Path:     database,
		RawQuery: "sslmode=disable",
	}
	return u.String(), nil
}

// ensureDatabase creates the database that url names, unless it is there.
func ensureDatabase(ctx context.Context, url string) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return err
	}
	name := config.Database
	config.Database = "postgres"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect to the server: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var exists bool
	err = conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).Scan(&exists)
	if err != nil || exists {
		return err
	}
	if _, err := conn.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize()); err != nil {
		return fmt.Errorf("create the database %s: %w", name, err)
	}
	return nil
}
