package access_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/db"
)

// slow is a database that reads at once whether the one key is there, and is let say so once for each time that it was asked.
type slow struct {
	db.DBTX
	there atomic.Bool
	let   chan struct{}
	asked atomic.Int64
}

func (s *slow) QueryRow(context.Context, string, ...any) pgx.Row {
	s.asked.Add(1)
	return slowRow{there: s.there.Load(), let: s.let}
}

type slowRow struct {
	there bool
	let   chan struct{}
}

func (r slowRow) Scan(...any) error {
	<-r.let
	if !r.there {
		return pgx.ErrNoRows
	}
	return nil
}

// TestALookUpFromBeforeDecidesForNobody who asks while it is on its way: in the meantime the key was revoked, or made. However
// many ask, they share one more.
func TestALookUpFromBeforeDecidesForNobody(t *testing.T) {
	t.Parallel()
	for name, thereLater := range map[string]bool{"revoked": false, "made": true} {
		synctest.Test(t, func(t *testing.T) {
			database := &slow{let: make(chan struct{})}
			database.there.Store(!thereLater)
			keys := access.NewKeys(db.New(database), time.Now, slog.New(slog.DiscardHandler))
			if err := keys.Close(t.Context()); err != nil { // nothing is in memory
				t.Fatal(err)
			}
			check := func(there bool) {
				_, err := keys.Check(t.Context(), "ck_test_"+strings.Repeat("0", 64))
				if let := err == nil; let != there || !let && !errors.Is(err, access.ErrBadKey) {
					t.Errorf("%s: let in %t: %v", name, let, err)
				}
			}
			go check(!thereLater)
			synctest.Wait()
			database.there.Store(thereLater)
			for range 100 {
				go check(thereLater)
			}
			synctest.Wait()
			database.let <- struct{}{}
			synctest.Wait()
			if asked := database.asked.Load(); asked != 2 {
				t.Errorf("%s: the database was asked %d times", name, asked)
			}
			database.let <- struct{}{}
			synctest.Wait()
		})
	}
}
