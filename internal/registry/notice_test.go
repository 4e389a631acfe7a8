package registry_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/registry"
)

// telling is a registry on the fixture's database whose notices are rows of their own, in the same transaction.
func (f fixture) telling() fixture {
	f.t.Helper()
	if _, err := f.pool.Exec(f.t.Context(), `create table heard (type text, id text, seller_id text, status text, position bigint)`); err != nil {
		f.t.Fatal(err)
	}
	f.Registry = openAs(f.t, f.pool, registry.Config{Tell: func(ctx context.Context, tx pgx.Tx, notices []registry.Notice) error {
		for _, n := range notices {
			if n.Type == "fails" {
				return errors.New("no job could be made")
			}
			_, err := tx.Exec(ctx, `insert into heard values ($1, $2, $3, $4, $5)`, n.Type, n.ID, n.SellerID, n.Readiness.Status, n.Position)
			if err != nil {
				return err
			}
		}
		return nil
	}})
	return f
}

func (f fixture) wantLines(sql string, want ...string) {
	f.t.Helper()
	if got := f.lines(sql); !slices.Equal(got, want) {
		f.t.Errorf("%s: got %q, want %q", sql, got, want)
	}
}

func (f fixture) position() string {
	f.t.Helper()
	return f.lines(`select position::text from feed`)[0]
}

const heard = `select type || ' ' || id || ' ' || seller_id || ' ' || status || ' ' || position from heard order by 1`

func paid(eventID, session string, seconds int) registry.Observation {
	return registry.Noted(event(eventID, "checkout.session.completed", at(seconds))).Telling(registry.Notice{Type: "paid", ID: session})
}

func TestNoticeIsToldOnceWhateverTheEvents(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t).telling()
	position := f.position()
	f.observe(paid("evt_1", "cs_1", 5), paid("evt_1", "cs_1", 5), paid("evt_2", "cs_1", 6), paid("evt_3", "cs_2", 6))
	f.want(registry.Applied, "", paid("evt_4", "cs_1", 7))
	f.want(registry.Applied, "", paid("evt_1", "cs_1", 5).Replayed())
	f.wantLines(heard, "paid cs_1 s1 enabled "+position, "paid cs_2 s1 enabled "+position)
	f.wantLines(`select id || ' ' || outcome from stripe_events order by 1`,
		"evt_1 applied", "evt_2 applied", "evt_3 applied", "evt_4 applied")
}

// TestReplayTellsNothingAgain: what was told is forgotten after a while, and one Checkout may have had two events.
func TestReplayTellsNothingAgain(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t).telling()
	f.observe(paid("evt_1", "cs_1", 5), paid("evt_2", "cs_1", 6), registry.Unreadable(event("evt_3", "checkout.session.completed", at(6)), "no reader"))
	if _, err := f.pool.Exec(t.Context(), `delete from told`); err != nil {
		t.Fatal(err)
	}
	f.observe(paid("evt_1", "cs_1", 5).Replayed(), paid("evt_2", "cs_1", 6).Replayed(), paid("evt_3", "cs_3", 6).Replayed())
	f.wantLines(`select id from heard order by 1`, "cs_1", "cs_3")
}

func TestNoticeTellsWhatItsGroupHasLeft(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t).telling()
	f.observe(paid("evt_1", "cs_1", 5), updated("evt_2", at(6), chargesOff()))
	f.wantLines(heard, "paid cs_1 s1 restricted "+f.position())
}

func TestNoticeOfAnUnknownAccountIsNotTold(t *testing.T) {
	t.Parallel()
	f := newFixture(t).telling()
	f.want(registry.Disregard, "no such account here", paid("evt_1", "cs_1", 5))
	f.wantLines(heard)
}

func TestNoticeThatCantBeToldIsNotStored(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t).telling()
	bad := registry.Noted(event("evt_1", "checkout.session.completed", at(5))).Telling(registry.Notice{Type: "fails", ID: "cs_1"})
	outs, err := f.Observe(t.Context(), []registry.Observation{bad, paid("evt_2", "cs_2", 6)})
	if err == nil || outs[1].Result != registry.Applied {
		t.Errorf("%+v, %v: want the first to fail and the second to stand", outs, err)
	}
	f.wantLines(`select id from stripe_events order by 1`, "evt_2")
	f.wantLines(`select id from told order by 1`, "cs_2")
}

func hint(id string, seconds int) registry.Observation {
	return registry.Hinted(event(id, "capability.updated", at(seconds)))
}

func TestHintMakesTheAccountDue(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	before := f.revision()
	f.want(registry.Stale, "older than what is known", hint("evt_1", 0))
	if f.dueNow() {
		t.Error("an old hint has made the account due")
	}
	f.observe(hint("evt_2", 5), hint("evt_3", 6))
	if !f.dueNow() || f.revision() != before+2 {
		t.Errorf("due %v, revision %d, was %d", f.dueNow(), f.revision(), before)
	}
	f.want(registry.Applied, "", deauthorized("evt_4", 7))
	f.want(registry.Stale, "disconnected", hint("evt_5", 8))
}

func TestHintThrowsAwayARetrievalUnderWay(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	asked := f.retrieval(span(4, 6))
	f.want(registry.Applied, "", hint("evt_1", 5))
	f.want(registry.Raced, "the account changed while it was retrieved", registry.Retrieved(asked, working()))
	if !f.dueNow() {
		t.Error("the account is no longer due")
	}
}

func TestPartialReportKeepsWhatItDoesNotSay(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	said := chargesOff()
	said.DisplayName, said.Capabilities, said.PayoutsEnabled, said.DetailsSubmitted = "", nil, nil, nil
	f.want(registry.Applied, "", updated("evt_1", at(5), said).Partial())
	row, err := f.Account(t.Context(), "acct_1")
	if err != nil {
		t.Fatal(err)
	}
	if *row.ChargesEnabled || !*row.PayoutsEnabled || *row.DisplayName != "Blue Kiln" || row.Capabilities["card_payments"] != "active" {
		t.Errorf("charges %v, payouts %v, name %s, capabilities %v", *row.ChargesEnabled, *row.PayoutsEnabled, *row.DisplayName, row.Capabilities)
	}
	if !f.dueNow() {
		t.Error("the account is not due")
	}
}

func TestReplayAppliesWhatFailedAndKeepsWhatWasApplied(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	bad := event("evt_1", "account.updated", at(5))
	f.want(registry.Failed, "no reader", registry.Unreadable(bad, "no reader"))
	f.want(registry.Applied, "", updated("evt_2", at(4), working()))
	if out := f.observe(registry.Reported(bad, chargesOff()))[0]; !out.Repeated || out.Result != registry.Failed {
		t.Errorf("told again: %+v", out)
	}
	f.want(registry.Applied, "", registry.Reported(bad, chargesOff()).Replayed())
	f.want(registry.Stale, "older than what is known", updated("evt_2", at(4), working()).Replayed())
	f.wantStatus("restricted")
	f.wantLines(`select id || ' ' || outcome || coalesce(' ' || why, '') from stripe_events order by 1`, "evt_1 applied", "evt_2 applied")
}

// TestNoticeOfARefusedGrantsAccountIsNotTold: the account has a place only until the end of the group.
func TestNoticeOfARefusedGrantsAccountIsNotTold(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t).telling()
	e := event("evt_9", "checkout.session.completed", at(5))
	e.Account = "acct_2"
	outs := f.observe(registry.Granted(grant("s1", "acct_2", span(3, 4))),
		registry.Noted(e).Telling(registry.Notice{Type: "paid", ID: "cs_9"}))
	if outs[0].Result != registry.HasAnother || outs[1].Result != registry.Disregard {
		t.Errorf("%+v", outs)
	}
	f.wantLines(heard)
	f.wantLines(`select id from accounts`, "acct_1")
}
