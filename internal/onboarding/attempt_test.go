package onboarding_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/onboarding"
)

func (p *place) unfinished() []onboarding.Attempt {
	p.t.Helper()
	attempts, err := onboarding.Unfinished(p.t.Context(), db.New(p.pool), p.clock.now())
	if err != nil {
		p.t.Fatal(err)
	}
	return attempts
}

// wantUnfinished holds whose attempts are shown as unfinished, the newest first.
func (p *place) wantUnfinished(sellers ...string) {
	p.t.Helper()
	var shown []string
	for _, a := range p.unfinished() {
		shown = append(shown, a.SellerID)
	}
	if diff := cmp.Diff(sellers, shown); diff != "" {
		p.t.Errorf("unfinished attempts, by seller:\n%s", diff)
	}
}

func TestUnfinishedAttemptsAreShownForThirtyDays(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.fault(exchanges, `"drop":true`)
	w := p.depart("s1").decide("persona=complete")
	w.wantRefused(account.Unanswered, "")
	p.clock.advance(30*24*time.Hour - time.Minute)
	p.tick()
	p.wantUnfinished("s1")
	p.clock.advance(2 * time.Minute)
	p.wantUnfinished()
	p.control("faults", `[]`)
	if _, err := p.VerifyBySeller(t.Context(), w.back.Get("code"), "s1"); account.KindOf(err) != account.Unanswered {
		t.Errorf("a verification after 30 days: %v", err)
	}
	p.wantAsked(exchanges, 1)
}

// cutOff walks seller s1 to an exchange of which nobody hears how it ended.
func (p *place) cutOff(choice string) *walk {
	p.t.Helper()
	p.fault(exchanges, `"drop":true`)
	w := p.depart("s1").decide(choice)
	w.wantRefused(account.Unanswered, "")
	p.control("faults", `[]`)
	return w
}

// keepGrantOf leaves of the only code what a process leaves that was killed between Stripe's answer and its commit.
func (p *place) keepGrantOf(accountID string) {
	p.t.Helper()
	p.exec(`update oauth_codes set account_id = $1, livemode = false, granted_from = created_at, granted_at = created_at,
		answered_at = created_at`, accountID)
}

// TestAttemptRightAfterAConnectionIsUnfinished: that connection is of another code.
func TestAttemptRightAfterAConnectionIsUnfinished(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.newAccount("acct_1same", "complete")
	p.connect("s1", "account=acct_1same")
	p.cutOff("account=acct_1same")
	p.clock.advance(15 * time.Second)
	p.wantUnfinished("s1")
	p.connect("s1", "account=acct_1same")
	p.wantUnfinished()
}

// TestAttemptWithAnotherAccountIsUnfinished: what was granted is known, and it is not what the seller has connected since.
func TestAttemptWithAnotherAccountIsUnfinished(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.cutOff("persona=complete")
	p.keepGrantOf("acct_1first")
	p.newAccount("acct_1second", "complete")
	p.connect("s1", "account=acct_1second")
	p.clock.advance(15 * time.Second)
	p.wantUnfinished("s1")
	p.tick()
	p.wantUnfinished()
	if held := p.readiness("s1").AccountID; held == nil || *held != "acct_1second" {
		t.Errorf("the seller holds %v", held)
	}
}

// TestAttemptIsUnfinishedOnceWhatCameAfterHasEnded: the seller is without an account again.
func TestAttemptIsUnfinishedOnceWhatCameAfterHasEnded(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.cutOff("persona=complete")
	id := p.connect("s1", "persona=unsupported")
	p.clock.advance(15 * time.Second)
	p.wantUnfinished()
	if err := p.UnlinkAccount(t.Context(), id, onboarding.Allowed, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	p.wantUnfinished("s1")
}
