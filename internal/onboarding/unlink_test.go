package onboarding_test

import (
	"strings"
	"testing"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

func (p *place) row(accountID string) client.Account {
	p.t.Helper()
	row, err := p.registry.Account(p.t.Context(), accountID)
	if err != nil {
		p.t.Fatal(err)
	}
	return row
}

// wantUnlinked holds the row and the connection of an account of seller s1's that was unlinked.
func (p *place) wantUnlinked(accountID string) {
	p.t.Helper()
	p.wantStatus("s1", account.Disconnected)
	row := p.row(accountID)
	if row.DisconnectedAt == nil || client.Text(row.DisconnectReason) != "unlinked" || row.NextCheckAt != nil {
		p.t.Errorf("disconnected at %v as %v, due at %v", row.DisconnectedAt, row.DisconnectReason, row.NextCheckAt)
	}
	ended := p.count(`select count(*) from connections
		where account_id = $1 and seller_id = 's1' and disconnect_reason = 'unlinked'`, accountID)
	if ended != 1 {
		p.t.Errorf("%d connections ended by unlinking", ended)
	}
}

func TestWorkingAccountIsNotUnlinked(t *testing.T) {
	t.Parallel()
	for _, persona := range []string{"complete", "enabled", "restricted_soon"} {
		p := newPlace(t)
		token := p.link(onboarding.LinkParams{SellerID: "s1"})
		p.departFrom(token).decide("persona=" + persona).mustArrive()
		id := *p.readiness("s1").AccountID
		wantError(t, p.UnlinkByLink(t.Context(), token), account.Conflict, "")
		wantError(t, p.UnlinkAccount(t.Context(), id, onboarding.Allowed, account.Actor{Name: "test"}), account.Conflict, "")
		p.wantAsked(deauthorizations, 0)
		p.wantUnlinksOf("test", 0)
		if row := p.row(id); row.DisconnectedAt != nil || !row.CanTransact {
			t.Errorf("%s: status %s", persona, row.Status)
		}
	}
}

func TestAccountThatDoesNotWorkOrHasNoNameIsUnlinked(t *testing.T) {
	t.Parallel()
	for _, persona := range []string{"unsupported", "nameless", "restricted", "incomplete"} {
		t.Run(persona, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			token := p.link(onboarding.LinkParams{SellerID: "s1"})
			p.departFrom(token).decide("persona=" + persona).mustArrive()
			id := *p.readiness("s1").AccountID
			for range 2 { // twice is done already
				if err := p.UnlinkByLink(t.Context(), token); err != nil {
					t.Fatal(err)
				}
			}
			p.wantUnlinked(id)
			p.wantAsked(deauthorizations, 1)
			p.wantUnlinksOf("seller", 1)

			p.departFrom(token).decide("persona=complete").mustArrive()
			p.wantStatus("s1", account.Enabled)
			if again := *p.readiness("s1").AccountID; again == id {
				t.Errorf("the seller is connected with %s again", id)
			}
		})
	}
}

func TestUnlinkedAccountConnectsWithAnotherSeller(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.newAccount("acct_1moves", "unsupported")
	p.connect("s1", "account=acct_1moves")
	if err := p.UnlinkAccount(t.Context(), "acct_1moves", onboarding.Allowed, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	p.connect("s2", "account=acct_1moves")
	p.wantStatus("s1", account.Disconnected)
	p.wantStatus("s2", account.Unsupported)
}

func TestUnlinkOfAnAccountThatIsGoneAtStripeIsDone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect("s1", "persona=unsupported")
	p.control("accounts/"+id+"/deauthorize?silent=1", "")
	if err := p.UnlinkAccount(t.Context(), id, onboarding.Allowed, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	p.wantUnlinked(id)
}

func TestForcedUnlinkCutsOffAWorkingAccount(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect("s1", "persona=complete")
	for range 2 {
		if err := p.UnlinkAccount(t.Context(), id, onboarding.Forced, account.Actor{Name: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	p.wantUnlinked(id)
	p.wantAsked(deauthorizations, 1)
	p.wantUnlinksOf("test", 1)
}

// TestLinkThatIsMailedDoesNotUnlink: it looks and mends, and does not connect either.
func TestLinkThatIsMailedDoesNotUnlink(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	own := p.link(onboarding.LinkParams{SellerID: "s1"})
	mailed, err := p.MailedLink(t.Context(), "s1")
	if err != nil {
		t.Fatal(err)
	}
	token := mailed.URL[strings.LastIndexByte(mailed.URL, '/')+1:]
	_, err = p.Depart(t.Context(), token)
	wantError(t, err, account.Forbidden, "")
	p.departFrom(own).decide("persona=unsupported").mustArrive()
	wantError(t, p.UnlinkByLink(t.Context(), token), account.Forbidden, "")
	p.wantAsked(deauthorizations, 0)
	p.wantStatus("s1", account.Unsupported)
	page, err := p.Page(t.Context(), token)
	if err != nil || page.MayUnlink {
		t.Errorf("page %+v, %v", page, err)
	}
}

func TestUnlinkWithoutAnAccount(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	wantError(t, p.UnlinkAccount(t.Context(), "acct_1unknown", onboarding.Forced, account.Actor{Name: "test"}), account.NotFound, "")
	if err := p.UnlinkByLink(t.Context(), p.link(onboarding.LinkParams{SellerID: "s1"})); err != nil {
		t.Errorf("a seller with nothing to unlink: %v", err)
	}
	p.wantAsked(deauthorizations, 0)
}

func TestUnlinkWithoutAnAnswerCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect("s1", "persona=unsupported")
	p.fault(deauthorizations, `"drop":true`)
	wantError(t, p.UnlinkAccount(t.Context(), id, onboarding.Allowed, account.Actor{Name: "test"}), account.Unanswered, "")
	p.wantStatus("s1", account.Unsupported)
	p.wantUnlinksOf("test", 1)
	p.control("faults", `[]`)
	if err := p.UnlinkAccount(t.Context(), id, onboarding.Allowed, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	p.wantUnlinked(id)
	p.wantUnlinksOf("test", 2)
}

// wantUnlinksOf holds how often the audit says that somebody has asked Stripe to unlink an account.
func (p *place) wantUnlinksOf(actor string, n int) {
	p.t.Helper()
	if got := p.count("select count(*) from audit where action = 'unlink' and actor = $1", actor); got != n {
		p.t.Errorf("the audit has %d unlinks of %s, want %d", got, actor, n)
	}
}

func TestUnlinkThatStripeRefusesChangesNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect("s1", "persona=unsupported")
	p.fault(deauthorizations, `"status":400,"code":"invalid_request"`)
	if err := p.UnlinkAccount(t.Context(), id, onboarding.Allowed, account.Actor{Name: "test"}); stripeapi.KindOf(err) != stripeapi.Refused {
		t.Errorf("error %v, want Stripe's refusal", err)
	}
	p.wantStatus("s1", account.Unsupported)
}

// TestUnlinkEndsWhatWasConnectedBeforeStripeHeardOfIt: Stripe had the new connection first, and then the end of all.
func TestUnlinkEndsWhatWasConnectedBeforeStripeHeardOfIt(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.newAccount("acct_1again", "unsupported")
	p.connect("s1", "account=acct_1again")
	p.stripe.gate.on(deauthorizations, func() { p.connect("s1", "account=acct_1again") })
	if err := p.UnlinkAccount(t.Context(), "acct_1again", onboarding.Allowed, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	p.wantStatus("s1", account.Disconnected)
}

func TestUnlinkDoesNotEndANewerConnection(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.newAccount("acct_1again", "unsupported")
	p.connect("s1", "account=acct_1again")
	p.stripe.gate.after(deauthorizations, func() { p.connect("s1", "account=acct_1again") })
	wantError(t, p.UnlinkAccount(t.Context(), "acct_1again", onboarding.Allowed, account.Actor{Name: "test"}), account.Conflict, "")
	p.wantStatus("s1", account.Unsupported)
	p.wantUnlinksOf("test", 1) // Stripe was asked for it
}

func TestUnlinkSaysThatStripeHasToDecide(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.newAccount("acct_1again", "unsupported")
	p.connect("s1", "account=acct_1again")
	p.stripe.gate.after(deauthorizations, func() {
		p.connect("s1", "account=acct_1again")
		p.fault("/v1/accounts/*", `"drop":true`)
	})
	wantError(t, p.UnlinkAccount(t.Context(), "acct_1again", onboarding.Allowed, account.Actor{Name: "test"}), account.Unanswered, "")
	row := p.row("acct_1again")
	if row.DisconnectedAt != nil || row.NextCheckAt == nil || row.NextCheckAt.After(p.clock.now()) {
		t.Errorf("disconnected at %v, due at %v: a retrieval has to decide", row.DisconnectedAt, row.NextCheckAt)
	}
	p.control("faults", `[]`)
	if err := p.checker.Check(t.Context(), "acct_1again", registry.Scan); err != nil {
		t.Fatal(err)
	}
	p.wantStatus("s1", account.Unsupported)
}
