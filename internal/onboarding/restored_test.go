package onboarding_test

import (
	"testing"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/onboarding"
)

// TestARestoreEndsOpenStates: a code that was presented since the dump, which does not know that, is not presented again.
func TestARestoreEndsOpenStates(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := p.depart("s1").decide("persona=complete")
	if err := onboarding.Restored(t.Context(), db.New(p.pool), p.clock.now()); err != nil {
		t.Fatal(err)
	}
	w.wantRefused(account.Invalid, "state")
	p.wantAsked("/oauth/token", 0)
	if n := p.count(`select count(*) from oauth_states where used_at is null and expires_at > $1`, p.clock.now()); n != 0 {
		t.Errorf("%d states are open", n)
	}
	p.connect("s1", "persona=complete") // by a new one
	p.wantAsked("/oauth/token", 1)
}
