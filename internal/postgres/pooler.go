package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrShared says that a URL leads through a pooler that shares sessions between its clients, where one of its own is needed.
var ErrShared = errors.New("it leads through a pooler that shares sessions between transactions: " +
	"set CONNECTD_DATABASE_DIRECT_URL to a URL of the same database without a pooler between")

// pooled reports whether the connection leads through a pooler, such as PgBouncer: that makes up the process that is told to its
// clients when they connect, since theirs changes.
func pooled(ctx context.Context, conn *pgx.Conn) (bool, error) {
	process, err := backend(ctx, conn)
	return process != conn.PgConn().PID(), err
}

func backend(ctx context.Context, conn *pgx.Conn) (pid uint32, err error) {
	// Exec: a prepared statement would stay behind in somebody else's session.
	err = conn.QueryRow(ctx, "select pg_backend_pid()", pgx.QueryExecModeExec).Scan(&pid)
	if err != nil {
		return 0, fmt.Errorf("ask which process of the server answers: %w", err)
	}
	return pid, nil
}

// Way is how a URL leads to the database.
type Way string

// The ways.
const (
	Direct   Way = "direct"
	Sessions Way = "by a pooler of sessions"     // a client keeps its session
	Shares   Way = "by a pooler of transactions" // clients share sessions
)

// WayOf looks at how url leads to the database.
func WayOf(ctx context.Context, url string) (Way, error) {
	first, err := Connect(ctx, url, nil)
	if err != nil {
		return "", err
	}
	defer closeQuietly(ctx, first)
	if pooled, err := pooled(ctx, first); err != nil || !pooled {
		return Direct, err
	}
	second, err := Connect(ctx, url, nil)
	if err != nil {
		return "", err
	}
	defer closeQuietly(ctx, second)
	return wayOf(ctx, first, second)
}

// looks: a pooler hands out the session first that was used last, but others use it too.
const looks = 20

func wayOf(ctx context.Context, first, second *pgx.Conn) (Way, error) {
	var kept [2]uint32 // where the pooler hands out sessions in turn, the two never meet, but neither keeps its own
	for i := range looks {
		a, err := backend(ctx, first)
		if err != nil {
			return "", err
		}
		b, err := backend(ctx, second)
		if err != nil {
			return "", err
		}
		if i == 0 {
			kept = [2]uint32{a, b}
		}
		if a == b || kept != [2]uint32{a, b} {
			return Shares, nil
		}
	}
	return Sessions, nil
}

// refuseShared refuses a URL on which a session is not one's own.
func refuseShared(ctx context.Context, url string) error {
	way, err := WayOf(ctx, url)
	if err == nil && way == Shares {
		return ErrShared
	}
	return err
}

func closeQuietly(ctx context.Context, conn *pgx.Conn) {
	_ = conn.Close(context.WithoutCancel(ctx)) // nothing is under way on it
}

// sessionless has a pool's connections keep no prepared statements where a pooler stands between: the next transaction may be
// another session's, which has none of them. Statements are described once and then sent whole. Whether there is one is found
// out by a connection of its own, before the pool's first. A URL with default_query_exec_mode is left as it is: PgBouncer from
// 1.21 on can keep prepared statements for its clients (max_prepared_statements).
type sessionless struct {
	mu     sync.Mutex
	looked bool
	pooled bool
}

func (s *sessionless) suit(ctx context.Context, config *pgx.ConnConfig) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.look(ctx, config); err != nil {
		return err
	}
	if s.pooled {
		config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	return nil
}

func (s *sessionless) look(ctx context.Context, config *pgx.ConnConfig) error {
	if s.looked {
		return nil
	}
	conn, err := pgx.ConnectConfig(ctx, config.Copy())
	if err != nil {
		return err
	}
	defer closeQuietly(ctx, conn)
	s.pooled, err = pooled(ctx, conn)
	s.looked = err == nil
	return err
}

// asksForMode reports whether the URL says itself how statements are sent.
func asksForMode(url string) (bool, error) {
	// pgx takes its own settings out of the parameters; pgconn leaves them.
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		return false, fmt.Errorf("read the database's URL: %w", err)
	}
	_, asks := config.RuntimeParams["default_query_exec_mode"]
	return asks, nil
}
