// Package fill makes a database full of accounts to measure on, with their history, faster than they would come to be.
//
// It may import account, db and registry. Its one rule: it knows nothing of the service, unlike bench, so that the tests that measure
// the registry do not compile all of connectd.
package fill

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

//go:embed fill.sql
var fillSQL string

// What accounts are called, and where they are.
var (
	FirstWords  = strings.Fields("Blue Red Green Silver Golden Little Northern Southern Old New Quiet Happy Bright Amber Copper Velvet Maple Harbor River Stone")
	SecondWords = strings.Fields("Kiln Bakery Studio Pottery Roastery Garden Workshop Press Cellar Foundry Orchard Market Atelier Brewery Bindery Smithy Dairy Loom Apiary Forge")
	Countries   = strings.Fields("US GB DE FR IE ES IT NL BE AT PT SE DK FI NO PL CZ RO BG HR GR HU LT LV EE SI SK LU MT CY")
)

// Params say which accounts a database is filled with: of the sellers shop-0, shop-1, … each holds one, whose id is the prefix and
// a number of eight digits.
type Params struct {
	Accounts int
	Prefix   string
	Now      time.Time
}

// Accounts makes accounts, with their history, in a migrated database that has none. Indexes are made anew at the end, in a tenth of the
// time that it takes to keep them.
func Accounts(ctx context.Context, pool *pgxpool.Pool, f Params) error {
	if err := registry.SeedPolicy(ctx, db.New(pool), account.DefaultPolicy(), f.Now); err != nil {
		return err
	}
	drop, remake, err := indexes(ctx, pool)
	if err != nil {
		return err
	}
	statements := slices.Concat(
		[]string{`alter table accounts disable trigger user`}, drop, strings.Split(strings.TrimSpace(fillSQL), ";\n"),
		[]string{`alter table accounts enable trigger user`}, remake, []string{`vacuum analyze`},
	)
	values := pgx.NamedArgs{
		"n": f.Accounts, "prefix": f.Prefix, "now": f.Now, "judge": account.JudgeVersion,
		"first": FirstWords, "second": SecondWords, "countries": Countries,
	}
	for _, sql := range statements {
		// A statement that makes a table takes no parameters from the extended protocol (postgresql.org/docs/current/sql-createtableas.html).
		if _, err := pool.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol, values); err != nil {
			return fmt.Errorf("make accounts: %w", err)
		}
	}
	return nil
}

// indexes are the statements that drop what is no key of accounts and of what is searched, and that make it anew.
func indexes(ctx context.Context, pool *pgxpool.Pool) (drop, remake []string, err error) {
	rows, err := pool.Query(ctx, `select format('drop index %I', indexname), indexdef from pg_indexes
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
