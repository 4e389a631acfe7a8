package onboarding_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
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

func TestGrantIsNotLostWhereItsAnswerCanNotBeKeptAtOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.breakWrites("oauth_codes", "update", 2)
	w := p.depart("s1").decide("persona=complete")
	w.mustArrive()
	p.wantStatus("s1", account.Enabled)
	if n := p.count("select count(*) from oauth_codes where account_id is not null and answered_at is not null"); n != 1 {
		t.Error("the answer was not kept")
	}
	p.wantSettled("connected")
	w.mustArrive()
	p.wantAsked(exchanges, 1)
}

func TestGrantIsNotLostWhereItsAnswerCanNeverBeKept(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.KeepWithin(200 * time.Millisecond)
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
	p.KeepWithin(200 * time.Millisecond)
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
	w := p.cutOffFromStoring("s1")
	p.exec("drop trigger refuse on connections")
	p.CommitWithin(10 * time.Second)
	w.mustArrive()
	p.wantStatus("s1", account.Enabled)
	p.wantUnfinished()
	p.wantAsked(exchanges, 1)
}

// TestGrantThatCouldNotBeStoredIsStoredByTheClock: the browser does not come back.
func TestGrantThatCouldNotBeStoredIsStoredByTheClock(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := p.cutOffFromStoring("s1")
	if err := p.Tick(t.Context(), p.clock.now()); err == nil {
		t.Error("a tick that could not store a grant says nothing of it")
	}
	p.exec("drop trigger refuse on connections")
	p.CommitWithin(10 * time.Second)
	p.tick()
	p.wantConnected("s1")
	p.wantSettled("connected")
	p.wantUnfinished()
	w.mustArrive()
	p.wantAsked(exchanges, 1)
}

// TestGrantThatIsStillUnderWayIsLeftAlone: whoever made its exchange is about to store it.
func TestGrantThatIsStillUnderWayIsLeftAlone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.depart("s1").decide("persona=complete").mustArrive()
	p.exec("update oauth_codes set outcome = null")
	p.tick()
	p.wantSettled("nothing")
	p.clock.advance(15 * time.Second)
	p.tick()
	p.wantSettled("connected")
}

// cutOffFromStoring walks the seller to a grant whose connection the database refuses, until its trigger is dropped.
func (p *place) cutOffFromStoring(sellerID string) *walk {
	p.t.Helper()
	p.CommitWithin(500 * time.Millisecond)
	p.breakWrites("connections", "insert", 1000)
	w := p.depart(sellerID).decide("persona=complete")
	if _, err := w.arrive(); err == nil {
		p.t.Fatal("a seller who is not connected was sent on")
	}
	p.wantStatus(sellerID, account.NotConnected)
	p.clock.advance(15 * time.Second)
	if found := p.unfinished(); len(found) != 1 || found[0].SellerID != sellerID || found[0].AccountID == "" {
		p.t.Errorf("unfinished: %+v", found)
	}
	if said := p.log.String(); !strings.Contains(said, "tried again each minute") || strings.Contains(said, "connect again") {
		p.t.Errorf("the log says of a grant that is kept: %s", said)
	}
	return w
}
