// Package postgres is everything connectd does to a Postgres server as such: the connection pool, the migrations, and the
// embedded server for those who have none (and for the tests, see package postgrestest). It knows nothing of what the tables
// mean.
//
// It may import migrations. Its one rule: an embedded server never outlives whoever asked for it, and its data always does.
package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/sethvargo/go-retry"
)

const (
	applicationName = "connectd"
	connectTimeout  = 5 * time.Second
	// A server's default max_connections is 100; this leaves room for several replicas and for people.
	maxConnections = 16
)

// patience says how long an unreachable database is tried, and how often.
type patience struct {
	every, upTo time.Duration
}

// Open returns a pool of connections to the database at url, a libpq URL or keyword string, once it answers.
//
// A database that does not answer is tried for 30 seconds, with a line in the log each time (never the password), then
// Open returns the last error. The pool holds at most 16 connections and names itself connectd, unless url says
// otherwise (pool_max_conns, application_name). Behind a pooler it keeps no prepared statements. The caller closes it.
func Open(ctx context.Context, url string, logger *slog.Logger) (*pgxpool.Pool, error) {
	return OpenTraced(ctx, url, nil, logger)
}

// OpenTraced is Open with a tracer of what is asked on the connections; nil traces nothing.
func OpenTraced(ctx context.Context, url string, tracer pgx.QueryTracer, logger *slog.Logger) (*pgxpool.Pool, error) {
	return open(ctx, url, tracer, logger, patience{every: time.Second, upTo: 30 * time.Second})
}

func open(ctx context.Context, url string, tracer pgx.QueryTracer, logger *slog.Logger, p patience) (*pgxpool.Pool, error) {
	pool, err := openLazily(ctx, url, tracer)
	if err != nil {
		return nil, err
	}
	if err := waitFor(ctx, pool, logger, p); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// OpenLazily is Open of a pool that is seldom used: it connects once something is asked of it.
func OpenLazily(ctx context.Context, url string) (*pgxpool.Pool, error) {
	return openLazily(ctx, url, nil)
}

func openLazily(ctx context.Context, url string, tracer pgx.QueryTracer) (*pgxpool.Pool, error) {
	config, err := poolConfig(url)
	if err != nil {
		return nil, err
	}
	config.ConnConfig.Tracer = withBounds(tracer)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database pool: %w", err)
	}
	return pool, nil
}

// Connect opens one connection, for a session of its own (LISTEN), which a transaction pooler does not give. notified is
// called for each NOTIFY that is read on it, by whoever reads. The caller closes it.
func Connect(ctx context.Context, url string, notified pgconn.NotificationHandler) (*pgx.Conn, error) {
	config, err := poolConfig(url)
	if err != nil {
		return nil, err
	}
	config.ConnConfig.OnNotification = notified
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	return conn, readTimesInUTC(ctx, conn)
}

// CheckURL refuses what Open could not read as a database's URL. Its error may repeat the URL, without the password.
func CheckURL(url string) error {
	_, err := poolConfig(url)
	return err
}

// poolConfig reads url. Its errors come from pgx, which leaves the password out of them.
func poolConfig(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database's URL: %w", err)
	}
	// pgxpool takes its own settings out of the parameters that it parsed: only a second look tells a default from a wish.
	asked, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database's URL: %w", err)
	}
	if _, wished := asked.RuntimeParams["pool_max_conns"]; !wished {
		config.MaxConns = maxConnections
	}
	asksMode, err := asksForMode(url)
	if err != nil {
		return nil, err
	}
	if !asksMode {
		config.BeforeConnect = new(sessionless).suit
	}
	setDefaults(config.ConnConfig)
	config.AfterConnect = readTimesInUTC
	return config, nil
}

// readTimesInUTC: a timestamptz is an instant, and is shown in UTC wherever the server stands.
func readTimesInUTC(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}

// setDefaults names the application and bounds the time that one attempt to connect may take, where the URL does not.
func setDefaults(config *pgx.ConnConfig) {
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = applicationName
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
}

func waitFor(ctx context.Context, pool *pgxpool.Pool, logger *slog.Logger, p patience) error {
	server := pool.Config().ConnConfig
	backoff := retry.WithMaxDuration(p.upTo, retry.NewConstant(p.every))
	err := retry.Do(ctx, backoff, func(ctx context.Context) error {
		err := pool.Ping(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		logger.WarnContext(ctx, "database can't be reached, trying again",
			"host", server.Host, "port", server.Port, "database", server.Database, "error", err)
		return retry.RetryableError(err)
	})
	if err != nil {
		return fmt.Errorf("reach the database %s at %s:%d: %w", server.Database, server.Host, server.Port, err)
	}
	return nil
}
