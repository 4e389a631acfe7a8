package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

const (
	testPrefix = "ck_test_"
	livePrefix = "ck_live_"

	longestKeyName = 200 // characters
	touchEvery     = time.Minute
	touchWithin    = time.Second
)

// ErrBadKey says that a secret opens nothing: no such key, or one that is revoked, has expired or is of the other mode.
// Which of these is not told to who presents it.
var ErrBadKey = errors.New("no such API key, or it is revoked, has expired or is of the other mode")

// Keys are the platform's API keys. It is safe for concurrent use, by any number of processes on one database.
type Keys struct {
	q      *db.Queries
	now    func() time.Time
	logger *slog.Logger

	mu      sync.Mutex
	touched map[string]time.Time // by key id: when this process last tried to write that it was used

	watch watch
}

// NewKeys makes Keys that go by the given clock.
func NewKeys(q *db.Queries, now func() time.Time, logger *slog.Logger) *Keys {
	return &Keys{
		q: q, now: now, logger: logger, touched: map[string]time.Time{}, watch: watch{uses: map[string]map[*use]bool{}},
	}
}

// KeyParams says what a key is to be.
type KeyParams struct {
	Livemode bool
	// Name is for people: 1 to 200 printable characters.
	Name string
	// Scopes are one or more of Scopes.
	Scopes []Scope
	// ExpiresIn is how long the key works; 0 is until it is revoked.
	ExpiresIn time.Duration
}

// NewKey is a key that was just made. Its secret is not kept: this is the only time that it can be read. Printed or logged
// whole, it shows its id alone.
type NewKey struct {
	ID     string
	Secret string
}

func (k NewKey) String() string { return k.ID }

// GoString keeps %#v from showing the secret.
func (k NewKey) GoString() string { return k.ID }

// LogValue keeps the secret out of logs.
func (k NewKey) LogValue() slog.Value { return slog.StringValue(k.ID) }

// Create makes a key. What is wrong with p is an account.Error that names the field: name, scopes or expires_in.
func (k *Keys) Create(ctx context.Context, p KeyParams) (NewKey, error) {
	params, err := k.params(p)
	if err != nil {
		return NewKey{}, err
	}
	made := NewKey{ID: "key_" + randomHex(8), Secret: testPrefix + randomHex(32)}
	if p.Livemode {
		made.Secret = livePrefix + randomHex(32)
	}
	params.ID, params.KeyHash = made.ID, hashKey(made.Secret)
	if err := k.q.InsertAPIKey(ctx, params); err != nil {
		return NewKey{}, fmt.Errorf("store API key %s: %w", made.ID, err)
	}
	return made, nil
}

func (k *Keys) params(p KeyParams) (db.InsertAPIKeyParams, error) {
	scopes, err := normalizeScopes(p.Scopes)
	if err != nil {
		return db.InsertAPIKeyParams{}, err
	}
	name := strings.TrimSpace(p.Name)
	if name == "" || utf8.RuneCountInString(name) > longestKeyName || strings.ContainsFunc(name, isUnprintable) {
		return db.InsertAPIKeyParams{}, account.InvalidField("name", "A key's name has 1 to %d printable characters.", longestKeyName)
	}
	if p.ExpiresIn < 0 {
		return db.InsertAPIKeyParams{}, account.InvalidField("expires_in", "A key can't expire before it is made.")
	}
	params := db.InsertAPIKeyParams{Name: name, Scopes: scopes, CreatedAt: k.storableNow()}
	if p.ExpiresIn > 0 {
		end := params.CreatedAt.Add(p.ExpiresIn)
		params.ExpiresAt = &end
	}
	return params, nil
}

func isUnprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }

// Caller is who presented a key.
type Caller struct {
	KeyID  string
	Name   string
	Scopes []Scope
}

// May reports whether the caller's key has the scope.
func (c Caller) May(scope Scope) bool { return slices.Contains(c.Scopes, scope) }

// Check says whose secret it is: the one place where that is decided. A secret that opens nothing is ErrBadKey; any other
// error means that it could not be told.
func (k *Keys) Check(ctx context.Context, secret string) (Caller, error) {
	live := strings.HasPrefix(secret, livePrefix)
	if !live && !strings.HasPrefix(secret, testPrefix) {
		return Caller{}, ErrBadKey
	}
	now := k.storableNow()
	row, err := k.q.UsableAPIKey(ctx, db.UsableAPIKeyParams{KeyHash: hashKey(secret), Livemode: live, At: now})
	if errors.Is(err, pgx.ErrNoRows) {
		return Caller{}, ErrBadKey
	}
	if err != nil {
		return Caller{}, fmt.Errorf("read an API key: %w", err)
	}
	k.touch(ctx, row.ID, now)
	return Caller{KeyID: row.ID, Name: row.Name, Scopes: scopesOf(row.Scopes)}, nil
}

// touch writes down that the key was used, at most once a minute: a request costs no write. It is for people to look at, so
// no request fails by it, or waits for it long.
func (k *Keys) touch(ctx context.Context, id string, now time.Time) {
	if !k.claimTouch(id, now) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), touchWithin)
	defer cancel()
	if err := k.q.TouchAPIKey(ctx, db.TouchAPIKeyParams{ID: id, At: now}); err != nil {
		k.logger.WarnContext(ctx, "the last use of an API key could not be stored", "key", id, "error", err)
	}
}

func (k *Keys) claimTouch(id string, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if last, ok := k.touched[id]; ok && now.Sub(last) < touchEvery {
		return false
	}
	k.touched[id] = now
	return true
}

// Key is a key as it is kept, without its secret.
type Key struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Scopes     []Scope    `json:"scopes"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at"`   // nil: it does not expire
	RevokedAt  *time.Time `json:"revoked_at"`   // nil: it is not revoked
	LastUsedAt *time.Time `json:"last_used_at"` // to the minute; nil: never
}

// List gives all keys, the oldest first, revoked and expired ones too.
func (k *Keys) List(ctx context.Context) ([]Key, error) {
	rows, err := k.q.APIKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	keys := make([]Key, len(rows))
	for i, row := range rows {
		keys[i] = Key{
			ID: row.ID, Name: row.Name, Scopes: scopesOf(row.Scopes), CreatedAt: row.CreatedAt,
			ExpiresAt: row.ExpiresAt, RevokedAt: row.RevokedAt, LastUsedAt: row.LastUsedAt,
		}
	}
	return keys, nil
}

// Revoke ends a key at once. One that does not exist is account.NotFound; one that is revoked stays as it is.
func (k *Keys) Revoke(ctx context.Context, id string) error {
	if strings.ContainsRune(id, 0) || !utf8.ValidString(id) { // Postgres takes neither as text
		return account.Errorf(account.NotFound, "There is no API key %q.", id)
	}
	n, err := k.q.RevokeAPIKey(ctx, db.RevokeAPIKeyParams{ID: id, At: k.storableNow()})
	if err != nil {
		return fmt.Errorf("revoke API key %s: %w", id, err)
	}
	if n == 0 {
		return account.Errorf(account.NotFound, "There is no API key %q.", id)
	}
	return nil
}

// storableNow is the clock's time as Postgres keeps it.
func (k *Keys) storableNow() time.Time { return k.now().UTC().Truncate(time.Microsecond) }

func hashKey(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func randomHex(size int) string {
	b := make([]byte, size)
	_, _ = rand.Read(b) // never fails: it ends the program where the system has no randomness
	return hex.EncodeToString(b)
}
