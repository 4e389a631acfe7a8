package onboarding_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/onboarding"
)

// breakWrites has the database refuse the next n writes to the table that are of the kind (insert or update). A sequence is
// not rolled back, so that it counts what fails.
func (p *place) breakWrites(table, kind string, n int) {
	p.t.Helper()
	p.exec(fmt.Sprintf(`
		drop sequence if exists refused_%[1]s;
		create sequence refused_%[1]s;
		create or replace function refuse_%[1]s() returns trigger language plpgsql as $$
		begin
			if nextval('refused_%[1]s') <= %[3]d then raise exception 'the database is in trouble'; end if;
			return new;
		end $$;
		create or replace trigger refuse before %[2]s on %[1]s for each row execute function refuse_%[1]s()`, table, kind, n))
}

func (p *place) unfinished() []onboarding.Attempt {
	p.t.Helper()
	attempts, err := onboarding.Unfinished(p.t.Context(), db.New(p.pool), p.clock.now())
	if err != nil {
		p.t.Fatal(err)
	}
	return attempts
}

func TestGrantIsNotLostWhereItsAnswerCanNotBeKeptAtOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.breakWrites("oauth_codes", "update", 2)
	w := p.depart("s1").decide("persona=complete")
	w.mustArrive()
	p.wantStatus("s1", account.Enabled)
	if n := p.count("select count(*) from oauth_codes where account_id is not null and answered_at is not null and outcome = 'connected'"); n != 1 {
		t.Error("the answer was not kept")
	}
	w.mustArrive()
	p.wantAsked(exchanges, 1)
}

func TestGrantIsNotLostWhereItsAnswerCanNeverBeKept(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.breakWrites("oauth_codes", "update", 1000)
	w := p.depart("s1").decide("persona=complete")
	w.mustArrive()
	p.wantStatus("s1", account.Enabled)
	p.clock.advance(15 * time.Second)
	w.wantRefused(account.Unanswered, "") // the code is not presented again to find out
	p.wantAsked(exchanges, 1)
	p.wantStatus("s1", account.Enabled)
}

func TestVerificationIsAnsweredWhereItCanNotBeKept(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.breakWrites("oauth_codes", "update", 1000)
	code := p.depart("s1").decide("persona=complete").back.Get("code")
	v, err := p.VerifyBySeller(t.Context(), code, "s1")
	if err != nil || v.AccountID == "" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestGrantIsStoredOnceTheDatabaseTakesIt(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.breakWrites("connections", "insert", 3)
	p.depart("s1").decide("persona=complete").mustArrive()
	p.wantStatus("s1", account.Enabled)
	p.wantAsked(exchanges, 1)
}

// TestGrantThatCanNotBeStoredIsAnUnfinishedAttempt: its answer is kept, and the next to come with the code stores it.
func TestGrantThatCanNotBeStoredIsAnUnfinishedAttempt(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.breakWrites("connections", "insert", 1000)
	w := p.depart("s1").decide("persona=complete")
	if _, err := w.arrive(); err == nil {
		t.Fatal("a seller who is not connected was sent on")
	}
	p.wantStatus("s1", account.NotConnected)
	p.clock.advance(15 * time.Second)
	if found := p.unfinished(); len(found) != 1 || found[0].SellerID != "s1" || found[0].AccountID == "" {
		t.Errorf("unfinished: %+v", found)
	}
	p.exec("drop trigger refuse on connections")
	w.mustArrive()
	p.wantStatus("s1", account.Enabled)
	if found := p.unfinished(); len(found) != 0 {
		t.Errorf("unfinished once it is finished: %+v", found)
	}
	p.wantAsked(exchanges, 1)
}
