package registry

import (
	"slices"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
)

// TestColumnsAreTheTables: their number, names and order are those that the generated rows are read by.
func TestColumnsAreTheTables(t *testing.T) {
	t.Parallel()
	pool := postgrestest.Pool(t)
	for table, columns := range map[string]string{"accounts": columnsOf[db.Account](), "stripe_events": columnsOf[db.StripeEvent]()} {
		var want []string
		err := pool.QueryRow(t.Context(), `select array_agg(attname::text order by attnum) from pg_attribute
			where attrelid = $1::text::regclass and attnum > 0 and not attisdropped`, table).Scan(&want)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Split(columns, ", "); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", table, got, want)
		}
	}
}
