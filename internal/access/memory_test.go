package access_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/age/agetest"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
)

func (k keyring) remember() {
	k.t.Helper()
	if err := k.Remember(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
}

// counted is a database that counts what is asked of it by callers, by the statement's text.
type counted struct {
	db.DBTX
	asked atomic.Int64
}

func (c *counted) QueryRow(ctx context.Context, text string, args ...any) pgx.Row {
	c.asked.Add(1)
	return c.DBTX.QueryRow(ctx, text, args...)
}

// TestAKnownKeyCostsNoQuery: only what runs beside the requests asks the database.
func TestAKnownKeyCostsNoQuery(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	made := k.create(access.KeyParams{Name: "n", Scopes: access.Scopes(), ExpiresIn: time.Hour})
	database := &counted{DBTX: k.pool}
	k.Keys = access.NewKeys(db.New(database), k.clock.now, slog.New(slog.DiscardHandler))
	postgrestest.CloseAtEnd(t, k.Keys)
	k.remember()
	for range 1000 {
		if got, err := k.Check(t.Context(), made.Secret); err != nil || got.KeyID != made.ID {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if asked := database.asked.Load(); asked != 0 {
		t.Errorf("1,000 checks asked the database %d times", asked)
	}
}

// TestWhatIsNoSecretCostsNoQuery, however often it is sent.
func TestWhatIsNoSecretCostsNoQuery(t *testing.T) {
	t.Parallel()
	database := &counted{}
	keys := access.NewKeys(db.New(database), time.Now, slog.New(slog.DiscardHandler))
	for _, secret := range []string{"", "ck_test_", "ck_live_1234", "sk_test_123", "ck_test_" + string(make([]byte, 64))} {
		if _, err := keys.Check(t.Context(), secret); !errors.Is(err, access.ErrBadKey) {
			t.Errorf("%q: %v", secret, err)
		}
	}
	if asked := database.asked.Load(); asked != 0 {
		t.Errorf("asked the database %d times", asked)
	}
}

// TestANewKeyWorksAtOnce, also where memory was read just before it was made, by another process.
func TestANewKeyWorksAtOnce(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	k.remember()
	made, err := k.beside().Create(t.Context(), access.KeyParams{Name: "n", Scopes: access.Scopes()})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.Check(t.Context(), made.Secret); err != nil || got.KeyID != made.ID {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestARevokedKeyDiesWithinASecond of its being revoked by another process, though this one can't read any more; this
// process's own revocations are known at once.
func TestARevokedKeyDiesWithinASecond(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	theirs := k.create(access.KeyParams{Name: "a", Scopes: access.Scopes()})
	ours := k.create(access.KeyParams{Name: "b", Scopes: access.Scopes()})
	k.remember()
	if err := k.Revoke(t.Context(), ours.ID, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	k.wantBad(ours.Secret)
	if err := k.beside().Revoke(t.Context(), theirs.ID, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.pool.Exec(t.Context(), "alter table api_keys rename column name to gone"); err != nil {
		t.Fatal(err)
	}
	k.clock.add(time.Second)
	if caller, err := k.Check(t.Context(), theirs.Secret); err == nil {
		t.Errorf("a second later %+v is let in", caller)
	}
}

// TestAKeyExpiresInMemory to the moment.
func TestAKeyExpiresInMemory(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	made := k.create(access.KeyParams{Name: "n", Scopes: access.Scopes(), ExpiresIn: time.Millisecond})
	k.remember()
	if _, err := k.Check(t.Context(), made.Secret); err != nil {
		t.Error(err)
	}
	k.clock.add(time.Millisecond)
	k.wantBad(made.Secret)
}

// TestWithoutADatabaseNobodyIsLetIn once what is in memory is a second old; until then callers are.
func TestWithoutADatabaseNobodyIsLetIn(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	made := k.create(access.KeyParams{Name: "n", Scopes: access.Scopes()})
	pool, err := pgxpool.NewWithConfig(t.Context(), k.pool.Config())
	if err != nil {
		t.Fatal(err)
	}
	keys := access.NewKeys(db.New(pool), k.clock.now, slog.New(slog.NewTextHandler(k.log, nil)))
	postgrestest.CloseAtEnd(t, keys)
	if err := keys.Remember(t.Context()); err != nil {
		t.Fatal(err)
	}
	pool.Close()
	k.clock.add(time.Second - time.Microsecond)
	if _, err := keys.Check(t.Context(), made.Secret); err != nil {
		t.Errorf("within the second: %v", err)
	}
	k.clock.add(time.Microsecond)
	if _, err := keys.Check(t.Context(), made.Secret); err == nil || errors.Is(err, access.ErrBadKey) {
		t.Errorf("after the second: %v", err)
	}
}

// TestAClockThatIsSetBackLetsNobodyInForLonger than memory is good for.
func TestAClockThatIsSetBackLetsNobodyInForLonger(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	made := k.create(access.KeyParams{Name: "n", Scopes: access.Scopes()})
	k.remember()
	k.clock.add(-time.Hour)
	if err := k.beside().Revoke(t.Context(), made.ID, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	k.wantBad(made.Secret)
}

// TestAKeyThatWasRevokedWhileTheMachineSleptOpensNothing, from its first moment awake.
func TestAKeyThatWasRevokedWhileTheMachineSleptOpensNothing(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	k.clock.set(time.Now())
	made := k.create(access.KeyParams{Name: "n", Scopes: access.Scopes()})
	k.remember()
	if err := k.beside().Revoke(t.Context(), made.ID, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	k.clock.set(agetest.WallClockSet(k.clock.now(), time.Hour))
	k.wantBad(made.Secret)
}

// TestARevocationIsKnownAtOnceAlsoByAClockThatIsSetBack: memory of before it is gone by no longer.
func TestARevocationIsKnownAtOnceAlsoByAClockThatIsSetBack(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	k.clock.set(time.Now())
	made := k.create(access.KeyParams{Name: "n", Scopes: access.Scopes()})
	k.remember()
	k.clock.set(agetest.WallClockSet(k.clock.now(), -time.Hour))
	if err := k.Revoke(t.Context(), made.ID, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	k.wantBad(made.Secret)
}
