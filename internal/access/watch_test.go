package access_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
)

func (k keyring) ended(ctx context.Context) error {
	k.t.Helper()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(30 * time.Second):
		k.t.Fatal("the use goes on")
		return nil
	}
}

// TestALongUseEndsWithItsKey, revoked by another process or expired, and those of other keys go on.
func TestALongUseEndsWithItsKey(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	scopes := []access.Scope{access.ReadinessRead}
	revoked, expires := k.create(access.KeyParams{Name: "a", Scopes: scopes}), k.create(access.KeyParams{Name: "b", Scopes: scopes, ExpiresIn: time.Hour})
	stays := k.create(access.KeyParams{Name: "c", Scopes: scopes})
	var uses []context.Context
	for _, id := range []string{revoked.ID, revoked.ID, expires.ID, stays.ID} {
		use, stop := k.While(t.Context(), id)
		defer stop()
		uses = append(uses, use)
	}
	if err := k.beside().Revoke(t.Context(), revoked.ID, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	for _, use := range uses[:2] {
		if err := k.ended(use); !errors.Is(err, access.ErrBadKey) {
			t.Errorf("the use ended with %v", err)
		}
	}
	if uses[2].Err() != nil || uses[3].Err() != nil {
		t.Error("other keys' uses ended too")
	}
	later := k.besideAt(func() time.Time { return k.clock.now().Add(2 * time.Hour) })
	use, stop := later.While(t.Context(), expires.ID)
	defer stop()
	if err := k.ended(use); !errors.Is(err, access.ErrBadKey) {
		t.Errorf("the use of an expired key ended with %v", err)
	}
	if uses[3].Err() != nil {
		t.Error("the use of a key that can be used ended")
	}
}

// TestAUseThatStopsIsLookedAfterNoLonger, and one that begins later is.
func TestAUseThatStopsIsLookedAfterNoLonger(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	made := k.create(access.KeyParams{Name: "a", Scopes: []access.Scope{access.ReadinessRead}})
	first, stop := k.While(t.Context(), made.ID)
	stop()
	if err := k.ended(first); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	second, stopSecond := k.While(t.Context(), made.ID)
	defer stopSecond()
	if err := k.Revoke(t.Context(), made.ID, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	if err := k.ended(second); !errors.Is(err, access.ErrBadKey) {
		t.Errorf("it ended with %v", err)
	}
}
