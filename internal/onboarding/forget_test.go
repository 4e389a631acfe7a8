package onboarding_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
)

func (p *place) tick() {
	p.t.Helper()
	if err := p.Tick(p.t.Context(), p.clock.now()); err != nil {
		p.t.Fatal(err)
	}
}

func TestStatesAreForgottenADayAfterTheirEnd(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	used, left := p.depart("s1").decide("persona=complete"), p.depart("s2").decide("persona=complete")
	first := used.mustArrive()
	p.clock.advance(24 * time.Hour)
	p.tick()
	if again := used.mustArrive(); again != first {
		t.Errorf("after a day the way back is answered %+v, first %+v", again, first)
	}
	wantWords(t, left, "It took too long")
	p.clock.advance(10*time.Minute + time.Second)
	p.tick()
	if n := p.count("select count(*) from oauth_states"); n != 0 {
		t.Errorf("%d states are left", n)
	}
	wantWords(t, used, "was not begun here")
	p.wantAsked(exchanges, 1)
}

func wantWords(t *testing.T, w *walk, words string) {
	t.Helper()
	_, err := w.arrive()
	wantError(t, err, account.Invalid, "state")
	if !strings.Contains(err.Error(), words) {
		t.Errorf("told %q, want %q", err, words)
	}
}

// TestCodeThatGrantedIsNeverPresentedAgain: not by another state either, nor by a platform that says for whom it is, however
// late. Stripe would revoke what it granted.
func TestCodeThatGrantedIsNeverPresentedAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	first := p.depart("s1").decide("persona=complete")
	first.mustArrive()
	p.clock.advance(400 * 24 * time.Hour)
	p.tick()
	later := p.depart("s1").decide("persona=deny")
	later.back.Del("error")
	later.back.Set("code", first.back.Get("code"))
	later.mustArrive()
	if _, err := p.VerifyBySeller(t.Context(), first.back.Get("code"), "s1"); account.KindOf(err) != account.Invalid {
		t.Errorf("a verification a year later: %v", err)
	}
	p.wantAsked(exchanges, 1)
	p.wantStatus("s1", account.Enabled)
}

func TestCodesThatNeverGrantedAreForgotten(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	unknown, expired := p.depart("s1").decide("persona=complete"), p.depart("s1").decide("persona=complete")
	revoked := p.depart("s2").decide("persona=complete")
	unknown.back.Set("code", "ac_unknown")
	p.present(revoked.back.Get("code"))
	revoked.wantRefused(account.Invalid, "code")
	p.control("clock", `{"advance":"6m"}`)
	for _, w := range []*walk{unknown, expired} {
		w.wantRefused(account.Invalid, "code")
	}
	p.clock.advance(24*time.Hour - time.Minute)
	p.tick()
	if diff := cmp.Diff([]string{"s1", "s1", "s2"}, p.texts("select seller_id from oauth_codes order by 1")); diff != "" {
		t.Errorf("codes within a day, by seller:\n%s", diff)
	}
	p.clock.advance(2 * time.Minute)
	p.tick()
	if diff := cmp.Diff([]string{"s2"}, p.texts("select seller_id from oauth_codes")); diff != "" {
		t.Errorf("codes after a day, by seller, want only the one that had granted something:\n%s", diff)
	}
}

func TestAnyNumberOfStatesIsForgotten(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.exec(`insert into oauth_states (state_hash, seller_id, redirect_uri, created_at, expires_at)
		select decode(md5(i::text), 'hex'), 's1', 'https://shop.example.com', $1, $1 from generate_series(1, 2500) i`,
		p.clock.now().Add(-25*time.Hour))
	p.tick()
	if n := p.count("select count(*) from oauth_states"); n != 0 {
		t.Errorf("%d states are left", n)
	}
}
