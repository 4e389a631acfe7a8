package api

import (
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
)

// TestReadinessWaitsForThePositionAsked, which a grant brings about.
func TestReadinessWaitsForThePositionAsked(t *testing.T) {
	t.Parallel()
	pool := postgrestest.Pool(t)
	if err := registry.SeedPolicy(t.Context(), db.New(pool), account.DefaultPolicy(), time.Now()); err != nil {
		t.Fatal(err)
	}
	reg, err := registry.New(t.Context(), pool, registry.Config{})
	if err != nil {
		t.Fatal(err)
	}
	postgrestest.CloseAtEnd(t, reg)
	s := &service{cfg: Config{Registry: reg}, logger: slog.New(slog.DiscardHandler), positionWithin: time.Hour}
	answered := make(chan *readinessOutput, 1)
	go func() {
		out, err := s.readiness(t.Context(), &readinessInput{SellerID: "s1", MinPosition: 1})
		if err != nil {
			t.Error(err)
		}
		answered <- out
	}()
	grant := registry.Granted(registry.Grant{SellerID: "s1", AccountID: "acct_1", Interval: account.At(time.Now())})
	if _, err := reg.Observe(t.Context(), []registry.Observation{grant}); err != nil {
		t.Fatal(err)
	}
	out := <-answered
	if out.Body.Version < 1 || out.Body.Status != "incomplete" || out.Position != strconv.FormatInt(out.Body.Version, 10) {
		t.Errorf("position %s: %+v", out.Position, out.Body)
	}
}
