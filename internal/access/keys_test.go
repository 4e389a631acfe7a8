package access_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/testlog"
)

// keyring is Keys on a database of its own, at a time that the test sets.
type keyring struct {
	*access.Keys
	t     *testing.T
	pool  *pgxpool.Pool
	clock *clock
	log   *testlog.Buffer
}

// clock stands still until it is moved.
type clock struct{ at atomic.Pointer[time.Time] }

func (c *clock) now() time.Time      { return *c.at.Load() }
func (c *clock) set(at time.Time)    { c.at.Store(&at) }
func (c *clock) add(d time.Duration) { c.set(c.now().Add(d)) }

func newKeyring(t *testing.T) keyring {
	t.Helper()
	k := keyring{t: t, pool: postgrestest.Pool(t), clock: &clock{}, log: &testlog.Buffer{}}
	k.clock.set(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	k.Keys = k.beside()
	return k
}

// beside is another process's Keys on the same database.
func (k keyring) beside() *access.Keys { return k.besideAt(k.clock.now) }

func (k keyring) besideAt(now func() time.Time) *access.Keys {
	k.t.Helper()
	keys := access.NewKeys(db.New(k.pool), now, slog.New(slog.NewTextHandler(k.log, nil)))
	postgrestest.CloseAtEnd(k.t, keys)
	return keys
}

func (k keyring) create(p access.KeyParams) access.NewKey {
	k.t.Helper()
	made, err := k.Create(k.t.Context(), p)
	if err != nil {
		k.t.Fatal(err)
	}
	return made
}

func (k keyring) wantBad(secret string) {
	k.t.Helper()
	caller, err := k.Check(k.t.Context(), secret)
	if !errors.Is(err, access.ErrBadKey) {
		k.t.Errorf("%+v, %v; want ErrBadKey", caller, err)
	}
	if strings.Contains(fmt.Sprint(err), secret) && secret != "" {
		k.t.Error("the error holds the secret")
	}
}

func (k keyring) list() []access.Key {
	k.t.Helper()
	keys, err := k.List(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	return keys
}

func TestAKeyOpensWhatItsScopesSay(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	made := k.create(access.KeyParams{
		Name: " shop ", Scopes: []access.Scope{access.AccountsWrite, access.ReadinessRead, access.AccountsWrite},
	})
	for _, keys := range []*access.Keys{k.Keys, k.beside()} {
		got, err := keys.Check(t.Context(), made.Secret)
		if err != nil {
			t.Fatal(err)
		}
		want := access.Caller{KeyID: made.ID, Name: "shop", Scopes: []access.Scope{access.ReadinessRead, access.AccountsWrite}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		for _, scope := range access.Scopes() {
			if may := got.May(scope); may != (scope == access.ReadinessRead || scope == access.AccountsWrite) {
				t.Errorf("%s: %v", scope, may)
			}
		}
	}
}

func TestAKeySaysItsMode(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	for livemode, form := range map[bool]string{false: `^ck_test_[0-9a-f]{64}$`, true: `^ck_live_[0-9a-f]{64}$`} {
		made := k.create(access.KeyParams{Livemode: livemode, Name: "n", Scopes: access.Scopes()})
		if !regexp.MustCompile(form).MatchString(made.Secret) || !regexp.MustCompile(`^key_[0-9a-f]{16}$`).MatchString(made.ID) {
			t.Errorf("id %s, secret of another form than %s", made.ID, form)
		}
	}
}

func TestOnlyAHashOfTheSecretIsStored(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	made := k.create(access.KeyParams{Name: "n", Scopes: access.Scopes()})
	var row string
	var hash []byte
	err := k.pool.QueryRow(t.Context(), "select a::text, key_hash from api_keys a where id = $1", made.ID).Scan(&row, &hash)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256([]byte(made.Secret)); !bytes.Equal(hash, sum[:]) || strings.Contains(row, made.Secret) {
		t.Errorf("stored as %s", row)
	}
}

func TestANewKeyIsPrintedWithoutItsSecret(t *testing.T) {
	t.Parallel()
	made := access.NewKey{ID: "key_1", Secret: "ck_test_secret"}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "key", made)
	for _, printed := range []string{fmt.Sprint(made), fmt.Sprintf("%+v", made), fmt.Sprintf("%#v", made), log.String()} {
		if strings.Contains(printed, made.Secret) || !strings.Contains(printed, made.ID) {
			t.Error(printed)
		}
	}
}

func TestSecretsThatOpenNothing(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	made := k.create(access.KeyParams{Name: "n", Scopes: access.Scopes()})
	for _, secret := range []string{
		"", "ck_test_", made.ID, made.Secret + "0", made.Secret[:len(made.Secret)-1], strings.ToUpper(made.Secret),
		strings.Replace(made.Secret, "ck_test_", "ck_live_", 1), strings.TrimPrefix(made.Secret, "ck_test_"), "ck_test_\x00\xff",
	} {
		k.wantBad(secret)
	}
}

func TestAKeyEndsWithItsTime(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	made := k.create(access.KeyParams{Name: "n", Scopes: access.Scopes(), ExpiresIn: time.Hour})
	forever := k.create(access.KeyParams{Name: "n", Scopes: access.Scopes()})
	k.clock.add(time.Hour - time.Microsecond)
	if _, err := k.Check(t.Context(), made.Secret); err != nil {
		t.Errorf("in time: %v", err)
	}
	k.clock.add(time.Microsecond)
	k.wantBad(made.Secret)
	k.clock.set(k.clock.now().AddDate(100, 0, 0))
	if _, err := k.Check(t.Context(), forever.Secret); err != nil {
		t.Errorf("without an end: %v", err)
	}
}

func TestARevokedKeyOpensNothing(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	made := k.create(access.KeyParams{Name: "n", Scopes: access.Scopes()})
	if _, err := k.Check(t.Context(), made.Secret); err != nil {
		t.Fatal(err)
	}
	first := k.clock.now()
	for range 2 { // the second time changes nothing
		if err := k.beside().Revoke(t.Context(), made.ID, account.Actor{Name: "test"}); err != nil {
			t.Fatal(err)
		}
		k.clock.add(time.Second) // memory is of another process until then
		k.wantBad(made.Secret)
		k.clock.add(time.Hour)
	}
	if got := k.list()[0].RevokedAt; got == nil || !got.Equal(first) {
		t.Errorf("revoked at %v, want %v", got, first)
	}
	for _, id := range []string{"key_none", "", "a\x00b", "\xff", made.Secret} {
		if err := k.Revoke(t.Context(), id, account.Actor{Name: "test"}); account.KindOf(err) != account.NotFound {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestKeysThatCannotBeMade(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	all := access.Scopes()
	for name, c := range map[string]struct {
		params access.KeyParams
		field  string
	}{
		"no name":          {access.KeyParams{Scopes: all}, "name"},
		"a name of spaces": {access.KeyParams{Name: "  ", Scopes: all}, "name"},
		"a name with NUL":  {access.KeyParams{Name: "a\x00b", Scopes: all}, "name"},
		"a name of lines":  {access.KeyParams{Name: "a\nb", Scopes: all}, "name"},
		"not UTF-8":        {access.KeyParams{Name: "a\xff", Scopes: all}, "name"},
		"a long name":      {access.KeyParams{Name: strings.Repeat("é", 201), Scopes: all}, "name"},
		"no scope":         {access.KeyParams{Name: "n"}, "scopes"},
		"unknown scope":    {access.KeyParams{Name: "n", Scopes: []access.Scope{access.AccountsRead, "accounts:delete"}}, "scopes"},
		"ended already":    {access.KeyParams{Name: "n", Scopes: all, ExpiresIn: -time.Second}, "expires_in"},
	} {
		_, err := k.Create(t.Context(), c.params)
		if e, ok := errors.AsType[*account.Error](err); !ok || e.Kind != account.Invalid || e.Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	if keys := k.list(); len(keys) != 0 {
		t.Errorf("stored %+v", keys)
	}
	k.create(access.KeyParams{Name: strings.Repeat("é", 200), Scopes: all})
}

func TestTheListSaysWhenAKeyWasLastUsed(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	made := k.create(access.KeyParams{Name: "first", Scopes: []access.Scope{access.ReadinessRead}, ExpiresIn: 24 * time.Hour})
	begin := k.clock.now()
	k.clock.set(begin.Add(time.Second))
	k.create(access.KeyParams{Name: "second", Scopes: access.Scopes()})
	if keys := k.list(); keys[0].LastUsedAt != nil || keys[1].Name != "second" {
		t.Errorf("%+v", keys)
	}

	end := begin.Add(24 * time.Hour)
	want := access.Key{ID: made.ID, Name: "first", Scopes: []access.Scope{access.ReadinessRead}, CreatedAt: begin, ExpiresAt: &end}
	for _, c := range []struct{ used, stored time.Duration }{
		{2 * time.Second, 2 * time.Second},
		{61 * time.Second, 2 * time.Second}, // within the minute
		{63 * time.Second, 63 * time.Second},
	} {
		k.clock.set(begin.Add(c.used))
		if _, err := k.Check(t.Context(), made.Secret); err != nil {
			t.Fatal(err)
		}
		k.NoteUses(t.Context())
		stored := begin.Add(c.stored)
		want.LastUsedAt = &stored
		if diff := cmp.Diff(want, k.list()[0]); diff != "" {
			t.Errorf("used after %s:\n%s", c.used, diff)
		}
	}
}

// TestAUseThatCantBeStoredIsLogged: it keeps nobody out, and is not tried again for a minute.
func TestAUseThatCantBeStoredIsLogged(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	made := k.create(access.KeyParams{Name: "n", Scopes: access.Scopes()})
	if _, err := k.pool.Exec(t.Context(), "alter table api_keys rename last_used_at to gone"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got, err := k.Check(t.Context(), made.Secret); err != nil || got.KeyID != made.ID {
			t.Errorf("%+v, %v", got, err)
		}
		k.NoteUses(t.Context())
	}
	if err := k.Close(t.Context()); err != nil { // the log is whole
		t.Fatal(err)
	}
	if lines := strings.Count(k.log.String(), "\n"); lines != 1 || !strings.Contains(k.log.String(), made.ID) {
		t.Errorf("%d lines: %s", lines, k.log)
	}
	if strings.Contains(k.log.String(), made.Secret) {
		t.Error("the log holds the secret")
	}
}

// TestAUseThatMustWaitHoldsNobodyUp: whoever locks the key's row (a revocation that hangs, say) does not lock the API.
func TestAUseThatMustWaitHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	made := k.create(access.KeyParams{Name: "n", Scopes: access.Scopes()})
	locked, err := k.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = locked.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := locked.Exec(t.Context(), "select from api_keys for update"); err != nil {
		t.Fatal(err)
	}
	if got, err := k.Check(t.Context(), made.Secret); err != nil || got.KeyID != made.ID {
		t.Errorf("%+v, %v", got, err)
	}
	k.NoteUses(t.Context()) // gives up by itself
	if used := k.list()[0].LastUsedAt; used != nil {
		t.Errorf("stored under a lock: %v", used)
	}
}

// TestWhatWasUsedLastIsStoredAtTheEnd, by a process that ends at once.
func TestWhatWasUsedLastIsStoredAtTheEnd(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	made := k.create(access.KeyParams{Name: "n", Scopes: access.Scopes()})
	short := k.beside()
	if _, err := short.Check(t.Context(), made.Secret); err != nil {
		t.Fatal(err)
	}
	if err := short.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if used := k.list()[0].LastUsedAt; used == nil || !used.Equal(k.clock.now()) {
		t.Errorf("last used %v", used)
	}
}

func TestOneKeyManyCallersAtOnce(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	made := k.create(access.KeyParams{Name: "n", Scopes: access.Scopes()})
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			if _, err := k.Check(t.Context(), made.Secret); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
}

func TestWhatCannotBeToldIsNotABadKey(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	made := k.create(access.KeyParams{Name: "n", Scopes: access.Scopes()})
	k.pool.Close()
	if _, err := k.Check(t.Context(), made.Secret); err == nil || errors.Is(err, access.ErrBadKey) {
		t.Errorf("%v", err)
	}
}

// TestAKeyOfTheOtherModeOpensNothing: it may stand in the database from before it was known whose that is.
func TestAKeyOfTheOtherModeOpensNothing(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	test := k.create(access.KeyParams{Name: "test", Scopes: access.Scopes()})
	live := k.create(access.KeyParams{Livemode: true, Name: "live", Scopes: access.Scopes()})
	for _, made := range []access.NewKey{test, live} {
		if _, err := k.Check(t.Context(), made.Secret); err != nil {
			t.Errorf("on a database of no platform: %v", err)
		}
	}
	_, err := k.pool.Exec(t.Context(), "insert into platform (account_id, livemode, claimed_at) values ('acct_platform', true, $1)", k.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	k.clock.add(time.Second) // what is in memory is of before
	k.wantBad(test.Secret)
	if got, err := k.Check(t.Context(), live.Secret); err != nil || got.KeyID != live.ID {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestAKeyOfAnIDIsMadeOnce, however often it is asked for, and whatever else is asked for by it.
func TestAKeyOfAnIDIsMadeOnce(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	id := access.NewKeyID()
	errs := make(chan error, 8)
	for i := range cap(errs) {
		go func() {
			_, err := k.Create(t.Context(), access.KeyParams{ID: id, Name: fmt.Sprint(i), Scopes: access.Scopes()})
			errs <- err
		}()
	}
	made := 0
	for range cap(errs) {
		err := <-errs
		if err == nil {
			made++
		} else if account.KindOf(err) != account.Conflict {
			t.Error(err)
		}
	}
	if keys := k.list(); made != 1 || len(keys) != 1 || keys[0].ID != id {
		t.Errorf("%d were made: %+v", made, keys)
	}
	for _, wrong := range []string{"key_1", "key_" + strings.Repeat("g", 16), strings.Repeat("0", 20), "\x00"} {
		_, err := k.Create(t.Context(), access.KeyParams{ID: wrong, Name: "shop", Scopes: access.Scopes()})
		if e, ok := errors.AsType[*account.Error](err); !ok || e.Field != "id" {
			t.Errorf("%q: error %v", wrong, err)
		}
	}
}

func TestKeysInPages(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	var made []string
	for i := range 7 {
		made = append(made, k.create(access.KeyParams{Name: "shop", Scopes: access.Scopes()}).ID)
		if i%2 == 1 { // two of a moment
			k.clock.add(time.Second)
		}
	}
	seen, cursor := map[string]bool{}, ""
	var last time.Time
	for pages := 1; ; pages++ {
		page, err := k.Page(t.Context(), cursor, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range page.Keys {
			if !last.IsZero() && key.CreatedAt.After(last) {
				t.Errorf("%s stands behind an older one", key.ID)
			}
			seen[key.ID], last = true, key.CreatedAt
		}
		if cursor = page.NextCursor; cursor == "" {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	for _, id := range made {
		if !seen[id] {
			t.Errorf("%s is on no page", id)
		}
	}
	if _, err := k.Page(t.Context(), "x", 3); account.KindOf(err) != account.Invalid {
		t.Errorf("error %v", err)
	}
}

func TestScopesSayWhatTheyPermit(t *testing.T) {
	t.Parallel()
	for _, scope := range access.Scopes() {
		if scope.Permits() == "" {
			t.Errorf("%s says nothing", scope)
		}
	}
}
