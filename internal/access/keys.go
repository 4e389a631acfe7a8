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

	keyIDPrefix = "key_"
	keyIDSize   = 8 // bytes of randomness, in hexadecimal

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

// NewKeyID is an id for KeyParams.
func NewKeyID() string { return keyIDPrefix + randomHex(keyIDSize) }

// KeyParams says what a key is to be.
type KeyParams struct {
	// ID is one of NewKeyID's: however often a key is asked for by it, one is made. "" draws one.
	ID       string
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

// Create makes a key. What is wrong with p is an account.Error that names the field: id, name, scopes or expires_in. Where one of
// the id was made before, the error is account.Conflict: its secret is not to be had again.
func (k *Keys) Create(ctx context.Context, p KeyParams) (NewKey, error) {
	params, err := k.params(p)
	if err != nil {
		return NewKey{}, err
	}
	made := NewKey{ID: params.ID, Secret: testPrefix + randomHex(secretSize)}
	if p.Livemode {
		made.Secret = livePrefix + randomHex(secretSize)
	}
	hash := hashOf(made.Secret)
	params.KeyHash = hash[:]
	n, err := k.q.InsertAPIKey(ctx, params)
	if err != nil {
		return NewKey{}, fmt.Errorf("store API key %s: %w", made.ID, err)
	}
	if n == 0 {
		return NewKey{}, account.Errorf(account.Conflict, "Key %s was made before, and shown then; it is not kept. Where it is lost, "+
			"revoke it and make another.", made.ID)
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
	id := cmp.Or(p.ID, NewKeyID())
	if !isKeyID(id) {
		return db.InsertAPIKeyParams{}, account.InvalidField("id", "This is no id that a key can have.")
	}
	params := db.InsertAPIKeyParams{
		ID: id, Name: name, Scopes: scopes, CreatedAt: k.storableNow(), Actor: cmp.Or(p.By.Name, "connectd"), Address: p.By.Address,
	}
	if p.ExpiresIn > 0 {
		end := params.CreatedAt.Add(p.ExpiresIn)
		params.ExpiresAt = &end
	}
	return params, nil
}

func isKeyID(id string) bool {
	random, ok := strings.CutPrefix(id, keyIDPrefix)
	return ok && len(random) == 2*keyIDSize && !strings.ContainsFunc(random, isNoHex)
}

func isUnprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }

// storableNow is the clock's time as Postgres keeps it.
func (k *Keys) storableNow() time.Time { return k.now().UTC().Truncate(time.Microsecond) }

type keyHash [sha256.Size]byte

func hashOf(secret string) keyHash { return sha256.Sum256([]byte(secret)) }

func randomHex(size int) string {
	b := make([]byte, size)
	_, _ = rand.Read(b) // never fails: it ends the program where the system has no randomness
	return hex.EncodeToString(b)
}
