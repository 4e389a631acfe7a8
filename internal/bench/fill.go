package bench

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

//go:embed fill.sql
var fillSQL string

const (
	firstWords  = "Blue Red Green Silver Golden Little Northern Southern Old New Quiet Happy Bright Amber Copper Velvet Maple Harbor River Stone"
	secondWords = "Kiln Bakery Studio Pottery Roastery Garden Workshop Press Cellar Foundry Orchard Market Atelier Brewery Bindery Smithy Dairy Loom Apiary Forge"
	countries   = "US GB DE FR IE ES IT NL BE AT PT SE DK FI NO PL CZ RO BG HR GR HU LT LV EE SI SK LU MT CY"
)

// fill makes the accounts, which the sandbox has too. Indexes are made anew at the end, in a tenth of the time that it takes to keep
// them.
func (r *run) fill(ctx context.Context) error {
	if err := registry.SeedPolicy(ctx, db.New(r.pool), account.DefaultPolicy(), time.Now()); err != nil {
		return err
	}
	statements := []string{`alter table accounts disable trigger user`}
	drop, remake, err := r.indexes(ctx)
	if err != nil {
		return err
	}
	statements = append(statements, drop...)
	statements = append(statements, strings.Split(fillSQL, ";\n")...)
	statements = append(statements, `alter table accounts enable trigger user`)
	statements = append(append(statements, remake...), `vacuum analyze`, `checkpoint`)
	values := pgx.NamedArgs{
		"n": r.n, "prefix": r.stripe.prefix, "now": time.Now(), "judge": account.JudgeVersion,
		"first": firstWords, "second": secondWords, "countries": countries,
	}
	for _, sql := range statements {
		if strings.TrimSpace(sql) == "" {
			continue
		}
		// A statement that makes a table takes no parameters from the extended protocol (postgresql.org/docs/current/sql-createtableas.html).
		if _, err := r.pool.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol, values); err != nil {
			return fmt.Errorf("make accounts: %w", err)
		}
	}
	return nil
}

// indexes are the statements that drop what is no key of accounts and of what is searched, and that make it anew.
func (r *run) indexes(ctx context.Context) (drop, remake []string, err error) {
	rows, err := r.pool.Query(ctx, `select format('drop index %I', indexname), indexdef from pg_indexes
		where schemaname = 'public' and tablename in ('accounts', 'account_words') and indexname not like '%pkey'`)
	if err != nil {
		return nil, nil, err
	}
	var index [2]string
	_, err = pgx.ForEachRow(rows, []any{&index[0], &index[1]}, func() error {
		drop, remake = append(drop, index[0]), append(remake, index[1])
		return nil
	})
	return drop, remake, err
}
