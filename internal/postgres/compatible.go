package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
)

// ErrTooOld says that a newer connectd has migrated the database to where this one does not know how to work with it.
var ErrTooOld = errors.New("this connectd is too old for the database")

// step is one of the program's migrations. A program is known by its last.
type step struct {
	version int64
	// oldest is the last migration of the oldest program that can work on what this one leaves behind.
	oldest int64
}

var oldestLine = regexp.MustCompile(`(?m)^-- oldest: (\d+)$`)

// readSteps reads the program's migrations, in their order.
func readSteps(files fs.FS) ([]step, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("find the migrations: %w", err)
	}
	steps := make([]step, len(names))
	for i, name := range names {
		if steps[i], err = readStep(files, name); err != nil {
			return nil, fmt.Errorf("read migration %s: %w", name, err)
		}
	}
	slices.SortFunc(steps, func(a, b step) int { return int(a.version - b.version) })
	return steps, nil
}

func readStep(files fs.FS, name string) (s step, err error) {
	if s.version, err = goose.NumericComponent(name); err != nil {
		return s, err
	}
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return s, err
	}
	found := oldestLine.FindAllSubmatch(text, -1)
	if len(found) != 1 {
		return s, errors.New(`it has to say, in one line as "-- oldest: 19", with which program's last migration one can still live with it (docs/development.md)`)
	}
	s.oldest, err = strconv.ParseInt(string(found[0][1]), 10, 64)
	if err == nil && s.oldest > s.version {
		err = fmt.Errorf("no program older than %d could live with it, nor this one", s.oldest)
	}
	return s, err
}

func last(steps []step) int64 {
	if len(steps) == 0 {
		return 0
	}
	return steps[len(steps)-1].version
}

// The database says itself whom it takes: a program knows nothing of the migrations that come after it. The table is the
// migrator's own, as goose's is, since it has to be there before any migration.
const (
	createCompatibility = `create table if not exists schema_compatibility (version bigint primary key, oldest bigint not null)`
	announceSteps       = `insert into schema_compatibility (version, oldest) select v, o from unnest($1::bigint[], $2::bigint[]) as s(v, o)
		on conflict (version) do update set oldest = excluded.oldest`
	forgetSteps = `delete from schema_compatibility where version > $1`
	oldestTaken = `select coalesce(max(oldest), 0) from schema_compatibility`
)

// announce writes down whom the database takes, before anything of it changes: whoever is too old notices.
func (m *migrator) announce(ctx context.Context) error {
	if _, err := m.forgetUnapplied(ctx); err != nil {
		return err
	}
	taken, err := takes(ctx, m.db)
	if err != nil {
		return err
	}
	if err := checkAge(m.steps, taken); err != nil {
		return err
	}
	versions, oldest := make([]int64, len(m.steps)), make([]int64, len(m.steps))
	for i, s := range m.steps {
		versions[i], oldest[i] = s.version, s.oldest
	}
	if _, err := m.db.ExecContext(ctx, announceSteps, versions, oldest); err != nil {
		return fmt.Errorf("write down the oldest programs: %w", err)
	}
	return nil
}

// forgetUnapplied takes back what was announced and is not there: whoever holds the lock knows that nobody else is about to apply
// it, so that a migrator has failed, or was killed, in between.
func (m *migrator) forgetUnapplied(ctx context.Context) (forgotten int64, err error) {
	if _, err := m.db.ExecContext(ctx, createCompatibility); err != nil {
		return 0, fmt.Errorf("make the table of the oldest programs: %w", err)
	}
	at, err := m.at(ctx)
	if err != nil {
		return 0, err
	}
	gone, err := m.db.ExecContext(ctx, forgetSteps, at)
	if err != nil {
		return 0, fmt.Errorf("forget who can live with migrations that are not there: %w", err)
	}
	return gone.RowsAffected()
}

func takes(ctx context.Context, db *sql.DB) (oldest int64, err error) {
	if err = db.QueryRowContext(ctx, oldestTaken).Scan(&oldest); err != nil {
		return 0, fmt.Errorf("ask the database for the oldest program that it takes: %w", err)
	}
	return oldest, nil
}

// checkAge refuses a program whose last migration is from before the oldest that the database takes.
func checkAge(steps []step, oldest int64) error {
	if own := last(steps); own < oldest {
		return fmt.Errorf("%w: its last migration is %d, and the database takes none from before %d. Start the newer connectd, or "+
			"have that one take its migrations back first (connectd migrate down)", ErrTooOld, own, oldest)
	}
	return nil
}

// Compatible refuses a database that a newer program has made unfit for this one (ErrTooOld). One that is not migrated yet is
// refused by Ready.
func Compatible(ctx context.Context, pool *pgxpool.Pool) error {
	steps, err := ownSteps()
	if err != nil {
		return err
	}
	return compatible(ctx, pool, steps)
}

func compatible(ctx context.Context, pool *pgxpool.Pool, steps []step) error {
	var oldest int64
	err := pool.QueryRow(ctx, oldestTaken).Scan(&oldest)
	if IsUnmigrated(err) { // nobody who knows of it has migrated
		return nil
	}
	if err != nil {
		return fmt.Errorf("ask the database for the oldest program that it takes: %w", err)
	}
	return checkAge(steps, oldest)
}
