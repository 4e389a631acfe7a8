package bench

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/jackc/pgx/v5"
)

const megabyte = 1e6

// tables grow with the accounts.
var tables = []string{"sellers", "accounts", "account_words", "account_changes", "account_checks", "connections"}

// sizes are those of the tables and their indexes, beside the bytes of the rows themselves.
func (r *run) sizes(ctx context.Context) error {
	var all float64
	for _, table := range tables {
		var heap, indexes, own float64
		name := pgx.Identifier{table}.Sanitize()
		err := r.pool.QueryRow(ctx, `select pg_table_size($1::regclass)::float8, pg_indexes_size($1::regclass)::float8,
			(select sum(pg_column_size(t.*))::float8 from `+name+` t)`, table).Scan(&heap, &indexes, &own)
		if err != nil {
			return err
		}
		all += own
		r.add(Line{What: "table " + table, Value: heap / megabyte, Unit: "MB", Floor: "its rows", FloorValue: own / megabyte})
		r.add(Line{What: "indexes of " + table, Value: indexes / megabyte, Unit: "MB", Floor: "its rows", FloorValue: own / megabyte})
	}
	var whole float64
	if err := r.pool.QueryRow(ctx, `select pg_database_size(current_database())::float8`).Scan(&whole); err != nil {
		return err
	}
	r.add(Line{What: "the database", Value: whole / megabyte, Unit: "MB", Floor: "the rows of these tables", FloorValue: all / megabyte})
	each := float64(r.n)
	r.add(Line{What: "the database, an account", Value: whole / each, Unit: "B", Floor: "its rows", FloorValue: all / each})
	return nil
}

// memory is what the process takes: before the service runs, with readiness in memory and without. The sandbox and what measures are
// in the same process, and in each of these.
func (r *run) memory(ctx context.Context) error {
	if err := r.stopServing(ctx); err != nil {
		return err
	}
	before, _ := inUse()
	if _, err := r.serve(ctx, withoutCopy); err != nil {
		return err
	}
	without, heapWithout := inUse()
	r.add(Line{
		What: "process, copy off", Value: without / megabyte, Unit: "MB", Floor: "before the service runs", FloorValue: before / megabyte,
	})
	if _, err := r.serve(ctx, withCopy); err != nil {
		return err
	}
	with, heapWith := inUse()
	r.add(Line{What: "process, copy on", Value: with / megabyte, Unit: "MB", Floor: "copy off", FloorValue: without / megabyte})
	var encoded float64
	if err := r.pool.QueryRow(ctx, `select avg(octet_length(readiness::text))::float8 from sellers`).Scan(&encoded); err != nil {
		return fmt.Errorf("measure readiness: %w", err)
	}
	r.add(Line{
		What: "the copy, a seller", Value: (heapWith - heapWithout) / float64(r.n), Unit: "B", Floor: "its JSON", FloorValue: encoded,
	})
	return nil
}

// inUse is the process's memory and its heap, once what is not in use has been given back.
func inUse() (resident, heap float64) {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return residentBytes(), float64(m.HeapAlloc)
}
