package scan_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/scan"
)

// TestBriefsAreReportsWithoutTheirAccounts on the same pages.
func TestBriefsAreReportsWithoutTheirAccounts(t *testing.T) {
	t.Parallel()
	l := newLedger(t, 7, 5)
	for cursor := ""; ; {
		reports, next, err := l.List(t.Context(), cursor, 3, t0)
		if err != nil {
			t.Fatal(err)
		}
		for i := range reports {
			reports[i].ChangedAccounts, reports[i].HeldBackAccounts = []client.ScannedAccount{}, []client.ScannedAccount{}
		}
		before := l.asked.n.Load()
		briefs, after, err := l.Briefs(t.Context(), cursor, 3, t0)
		if asked := l.asked.n.Load() - before; err != nil || after != next || asked != 1 {
			t.Errorf("%d queries, the next page is %q, want %q (%v)", asked, after, next, err)
		}
		if diff := cmp.Diff(reports, briefs); diff != "" {
			t.Error(diff)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
}

// TestFindingsComeInPagesAndSayWhoIsHeldBackStill: something may have been learned of an account since.
func TestFindingsComeInPagesAndSayWhoIsHeldBackStill(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(26)
	p.allDue()
	p.saysNo(ids)
	p.tick()
	report := p.lastReport()
	if _, err := p.registry.Observe(t.Context(), []registry.Observation{registry.Deauthorized(registry.Event{
		ID: "evt_1", Type: "account.application.deauthorized", Account: report.HeldBackAccounts[0].AccountID, Created: p.clock.Now().Add(time.Minute),
	})}); err != nil {
		t.Fatal(err)
	}
	var found []client.ScannedAccount
	held := 0
	for after := ""; ; after = found[len(found)-1].AccountID {
		page, err := p.passes.Findings(t.Context(), report.ID, scan.HeldBack, after, 4)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page {
			found = append(found, f.ScannedAccount)
			if f.Held {
				held++
			}
		}
		if len(page) < 4 {
			break
		}
	}
	if diff := cmp.Diff(report.HeldBackAccounts, found); diff != "" || held != 5 {
		t.Errorf("%d are held back still\n%s", held, diff)
	}
	if n, err := p.passes.CountHeldBack(t.Context()); err != nil || n != 5 {
		t.Errorf("%d are held back (%v)", n, err)
	}
}

// TestBrakeIsReleasedByWhoKnowsWhatItHolds: not of more accounts than one was shown.
func TestBrakeIsReleasedByWhoKnowsWhatItHolds(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(25)
	p.allDue()
	p.saysNo(ids)
	p.tick()
	id, by := p.lastReport().ID, account.Actor{Name: "admin", Address: "192.0.2.1"}
	if _, err := p.passes.ResumeKnown(t.Context(), id, 4, by, p.clock.Now()); account.KindOf(err) != account.Conflict {
		t.Errorf("released five who knows of four: %v", err)
	}
	if state := p.lastReport().State; state != "braked" || len(p.acts()) != 0 {
		t.Errorf("the pass is %s, the audit has %v", state, p.acts())
	}
	if _, err := p.passes.ResumeKnown(t.Context(), id, 5, by, p.clock.Now()); err != nil {
		t.Fatal(err)
	}
	p.tick()
	if p.unable() != 25 || len(p.acts()) != 1 {
		t.Errorf("%d are unable, the audit has %v", p.unable(), p.acts())
	}
}

// TestCostsAreThoseOfThePassThatIsStarted then.
func TestCostsAreThoseOfThePassThatIsStarted(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.connectDue(130)
	costs, err := p.passes.Costs(t.Context(), p.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	all := scan.Cost{Method: scan.Retrieve, Accounts: 130, Calls: 130}
	want := scan.Costs{Due: all, AllRetrieved: all, AllListed: scan.Cost{Method: scan.List, Accounts: 130, Calls: 2}, ReadsMade: costs.ReadsMade}
	if diff := cmp.Diff(want, costs); diff != "" {
		t.Error(diff)
	}
	p.passes.Allotted(100, 0)
	costs, err = p.passes.Costs(t.Context(), p.clock.Now())
	if err != nil || costs.Due != costs.AllListed || costs.ReadsAllotted != 100 {
		t.Errorf("where few reads are allotted: %+v (%v)", costs, err)
	}
	if _, err := p.passes.Start(t.Context(), account.Actor{Name: "admin"}, scan.Due, scan.Either, p.clock.Now()); err != nil {
		t.Fatal(err)
	}
	p.tick()
	if report := p.lastReport(); report.Method != "list" || report.StripeCalls != costs.Due.Calls {
		t.Errorf("by %s, %d calls, want %d", report.Method, report.StripeCalls, costs.Due.Calls)
	}
}
