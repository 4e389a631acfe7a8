package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

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

// KeyState is whether a key opens anything.
type KeyState string

// The states.
const (
	KeyUsable  KeyState = "usable"
	KeyExpired KeyState = "expired"
	KeyRevoked KeyState = "revoked"
)

// State is the key's state at a moment.
func (k Key) State(now time.Time) KeyState {
	switch {
	case k.RevokedAt != nil:
		return KeyRevoked
	case k.ExpiresAt != nil && !k.ExpiresAt.After(now):
		return KeyExpired
	}
	return KeyUsable
}

func keyOf(row db.APIKeyRow) Key {
	return Key{
		ID: row.ID, Name: row.Name, Scopes: scopesOf(row.Scopes), CreatedAt: row.CreatedAt,
		ExpiresAt: row.ExpiresAt, RevokedAt: row.RevokedAt, LastUsedAt: row.LastUsedAt,
	}
}

// List gives all keys, the oldest first, revoked and expired ones too.
func (k *Keys) List(ctx context.Context) ([]Key, error) {
	rows, err := k.q.APIKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	keys := make([]Key, len(rows))
	for i, row := range rows {
		keys[i] = keyOf(db.APIKeyRow(row))
	}
	return keys, nil
}

// keysSort names the order of Page's cursors.
const keysSort = "-created_at"

// KeyPage is a page of the keys.
type KeyPage struct {
	Keys       []Key
	NextCursor string // "": this is the last
}

// Page lists the keys, the newest first, at most limit of them, from a cursor on ("": from the first). Another list's cursor is an
// account.Error.
func (k *Keys) Page(ctx context.Context, from string, limit int) (KeyPage, error) {
	before, beforeID, err := registry.NewestBefore(from, keysSort)
	if err != nil {
		return KeyPage{}, err
	}
	rows, err := k.q.APIKeysBefore(ctx, db.APIKeysBeforeParams{Before: before, BeforeID: beforeID, N: int32(limit) + 1})
	if err != nil {
		return KeyPage{}, fmt.Errorf("list API keys: %w", err)
	}
	var page KeyPage
	for i, row := range rows {
		if i == limit {
			last := page.Keys[limit-1]
			page.NextCursor = registry.CursorAt(keysSort, last.CreatedAt, last.ID)
			break
		}
		page.Keys = append(page.Keys, keyOf(db.APIKeyRow(row)))
	}
	return page, nil
}

// Get is the key of the id. One that does not exist is account.NotFound.
func (k *Keys) Get(ctx context.Context, id string) (Key, error) {
	if !account.IsText(id) {
		return Key{}, noSuchKey(id)
	}
	row, err := k.q.APIKey(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Key{}, noSuchKey(id)
	}
	if err != nil {
		return Key{}, fmt.Errorf("read API key %s: %w", id, err)
	}
	return keyOf(row), nil
}

// LastAct is what was done last with a key that the audit keeps; the zero Act where nothing was. What only reads is not kept.
func (k *Keys) LastAct(ctx context.Context, id string) (registry.Act, error) {
	row, err := k.q.LastActBy(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return registry.Act{}, nil
	}
	if err != nil {
		return registry.Act{}, fmt.Errorf("read what API key %s did last: %w", id, err)
	}
	return registry.Act{
		ID: row.ID, At: row.At, By: account.Actor{Name: row.Actor, Address: client.Text(row.Address)}, Action: row.Action,
		Subject: client.Text(row.Subject), AccountID: client.Text(row.AccountID), SellerID: client.Text(row.SellerID),
	}, nil
}

// Revoke ends a key at once; the audit keeps by whom. One that does not exist is account.NotFound; one that is revoked stays as it is.
func (k *Keys) Revoke(ctx context.Context, id string, by account.Actor) error {
	if !account.IsText(id) {
		return noSuchKey(id)
	}
	n, err := k.q.RevokeAPIKey(ctx, db.RevokeAPIKeyParams{ID: id, At: k.storableNow(), Actor: by.Name, Address: by.Address})
	if err != nil {
		return fmt.Errorf("revoke API key %s: %w", id, err)
	}
	if n == 0 {
		return noSuchKey(id)
	}
	k.memory.distrust()
	return nil
}

func noSuchKey(id string) error {
	return account.Errorf(account.NotFound, "There is no API key %q.", id)
}
