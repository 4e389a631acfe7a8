package registry_test

import (
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
)

// FuzzCursors: Postgres takes what a cursor is read as, in every sort; what is none is the caller's mistake.
func FuzzCursors(f *testing.F) {
	for _, cursor := range []string{
		"", "x", "e30", registry.CursorAt("-connected_at", time.Unix(0, 0), "acct_1"), registry.CursorAt("id", time.Unix(1e9, 1), "\x00"),
	} {
		f.Add(cursor, "-connected_at")
		f.Add(cursor, "id")
		f.Add(cursor, "display_name")
	}
	reg := fuzzed(f)
	f.Fuzz(func(t *testing.T, cursor, sort string) {
		_, err := reg.Accounts(t.Context(), registry.AccountQuery{Sort: sort, Limit: 1, Cursor: cursor})
		if err != nil && account.KindOf(err) != account.Invalid {
			t.Errorf("accounts: %v", err)
		}
		if _, err = reg.StripeEvents(t.Context(), registry.EventQuery{Limit: 1, Cursor: cursor}); err != nil && account.KindOf(err) != account.Invalid {
			t.Errorf("events: %v", err)
		}
		if _, _, err = registry.ParseCursorAt(cursor, sort); err != nil && account.KindOf(err) != account.Invalid {
			t.Errorf("scans: %v", err)
		}
	})
}

func fuzzed(f *testing.F) *registry.Registry {
	f.Helper()
	pool := postgrestest.Pool(f)
	if err := registry.SeedPolicy(f.Context(), db.New(pool), account.DefaultPolicy(), time.Now()); err != nil {
		f.Fatal(err)
	}
	reg, err := registry.New(f.Context(), pool, registry.Config{})
	if err != nil {
		f.Fatal(err)
	}
	postgrestest.CloseAtEnd(f, reg)
	return reg
}
