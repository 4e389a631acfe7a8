package access

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sync/singleflight"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

const (
	testPrefix = "ck_test_"
	livePrefix = "ck_live_"
	secretSize = 32 // bytes of randomness, in hexadecimal

	longestKeyName = 200 // characters
)

// Keys are the platform's API keys. It is safe for concurrent use, by any number of processes on one database. The first
// Check or While begins to keep what is asked of it in memory; the caller closes it.
type Keys struct {
	q      *db.Queries
	now    func() time.Time
	logger *slog.Logger

	asking  singleflight.Group // by hash
	lookUps atomic.Int64       // how many have begun
	memory  memory
	uses    uses
	watch   watch

	once       sync.Once
	running    context.Context // until Close
	stop       context.CancelFunc
	background sync.WaitGroup
}

// NewKeys makes Keys that go by the given clock.
func NewKeys(q *db.Queries, now func() time.Time, logger *slog.Logger) *Keys {
	k := &Keys{q: q, now: now, logger: logger, watch: watch{uses: map[string]map[*use]bool{}}}
	k.uses.noted = map[string]time.Time{}
	k.running, k.stop = context.WithCancel(context.Background())
	return k
}

// begin starts what keeps the memory true and writes uses down, once.
func (k *Keys) begin() {
	k.once.Do(func() {
		k.background.Go(k.keepRemembering)
		k.background.Go(k.keepNoting)
	})
}

// Close writes down what was used last and ends what runs in the background. Keys can still be checked, each by a query.
func (k *Keys) Close(ctx context.Context) error {
	k.once.Do(func() {}) // nothing begins any more
	k.stop()
	done := make(chan struct{})
	go func() { k.background.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
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
	// By is who makes the key, for the audit; the zero Actor is connectd itself.
	By account.Actor
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
	made := NewKey{ID: "key_" + randomHex(8), Secret: testPrefix + randomHex(secretSize)}
	if p.Livemode {
		made.Secret = livePrefix + randomHex(secretSize)
	}
	hash := hashOf(made.Secret)
	params.ID, params.KeyHash = made.ID, hash[:]
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
	params := db.InsertAPIKeyParams{
		Name: name, Scopes: scopes, CreatedAt: k.storableNow(), Actor: cmp.Or(p.By.Name, "connectd"), Address: p.By.Address,
	}
	if p.ExpiresIn > 0 {
		end := params.CreatedAt.Add(p.ExpiresIn)
		params.ExpiresAt = &end
	}
	return params, nil
}

func isUnprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }

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

// Revoke ends a key at once; the audit keeps by whom. One that does not exist is account.NotFound; one that is revoked stays as it is.
func (k *Keys) Revoke(ctx context.Context, id string, by account.Actor) error {
	if strings.ContainsRune(id, 0) || !utf8.ValidString(id) { // Postgres takes neither as text
		return account.Errorf(account.NotFound, "There is no API key %q.", id)
	}
	n, err := k.q.RevokeAPIKey(ctx, db.RevokeAPIKeyParams{ID: id, At: k.storableNow(), Actor: by.Name, Address: by.Address})
	if err != nil {
		return fmt.Errorf("revoke API key %s: %w", id, err)
	}
	if n == 0 {
		return account.Errorf(account.NotFound, "There is no API key %q.", id)
	}
	k.memory.distrust()
	return nil
}

// storableNow is the clock's time as Postgres keeps it.
func (k *Keys) storableNow() time.Time { return k.now().UTC().Truncate(time.Microsecond) }

type keyHash [sha256.Size]byte

func hashOf(secret string) keyHash { return sha256.Sum256([]byte(secret)) }

func randomHex(size int) string {
	b := make([]byte, size)
	_, _ = rand.Read(b) // never fails: it ends the program where the system has no randomness
	return hex.EncodeToString(b)
}
