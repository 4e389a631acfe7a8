package access

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/connectd/connectd/internal/age"
)

const (
	// rememberFor is how old memory may be that lets a caller in: a revoked key opens nothing a second later.
	rememberFor = time.Second
	// rememberEvery leaves room for a read that fails or takes long before memory is too old.
	rememberEvery = 250 * time.Millisecond
)

// memory is what this process knows of the keys, all of them: a platform has few.
type memory struct {
	keys       atomic.Pointer[knownKeys]
	distrusted atomic.Int64 // how many times; what was read before the last is not gone by
}

// knownKeys are the usable keys as of a moment. It never changes.
type knownKeys struct {
	at     time.Time // just before they were read
	trust  int64     // what distrusted was then
	byHash map[keyHash]knownKey
	byID   map[string]bool
}

type knownKey struct {
	caller    Caller
	expiresAt *time.Time
	livemode  *bool // the database's; nil where it belongs to no platform yet
}

// caller is who has the key; ok is false where the database has to be asked.
func (m *memory) caller(shown presented, now time.Time) (c Caller, ok bool) {
	known := m.keys.Load()
	if known == nil || known.trust != m.distrusted.Load() {
		return Caller{}, false
	}
	if old := age.Of(known.at, now); old < 0 || old >= rememberFor {
		return Caller{}, false
	}
	key, ok := known.byHash[shown.hash]
	return key.caller, ok && key.opens(shown, now)
}

func (k knownKey) opens(shown presented, now time.Time) bool {
	return (k.expiresAt == nil || now.Before(*k.expiresAt)) && (k.livemode == nil || *k.livemode == shown.livemode)
}

// distrust forgets what was read until now, and what is being read.
func (m *memory) distrust() { m.distrusted.Add(1) }

func (k *Keys) keepRemembering() {
	again := time.NewTicker(rememberEvery)
	defer again.Stop()
	var failed bool
	for {
		err := k.remember(k.running)
		if k.running.Err() != nil {
			return
		}
		if err != nil && !failed {
			k.logger.WarnContext(k.running, "API keys can't be read; whoever shows one is answered 503 until they can", "error", err)
		}
		failed = err != nil
		select {
		case <-again.C:
		case <-k.running.Done():
			return
		}
	}
}

// remember reads the keys, and ends the long uses of those that have ended.
func (k *Keys) remember(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, rememberFor)
	defer cancel()
	known := &knownKeys{
		at: k.now(), trust: k.memory.distrusted.Load(), byHash: map[keyHash]knownKey{}, byID: map[string]bool{},
	}
	asked := k.watch.keys()
	rows, err := k.q.UsableAPIKeys(ctx, k.storableNow())
	if err != nil {
		return fmt.Errorf("read API keys: %w", err)
	}
	for _, row := range rows {
		if len(row.KeyHash) != sha256.Size { // no secret has such a hash
			continue
		}
		known.byID[row.ID] = true
		known.byHash[keyHash(row.KeyHash)] = knownKey{
			caller:    Caller{KeyID: row.ID, Name: row.Name, Scopes: scopesOf(row.Scopes)},
			expiresAt: row.ExpiresAt, livemode: row.Livemode,
		}
	}
	k.memory.keys.Store(known)
	k.watch.end(asked, known)
	return nil
}
