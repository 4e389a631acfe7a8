package web_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html/atom"

	"github.com/connectd/connectd/internal/account"
)

const (
	brakedPass   = "scan_BRAKEDAAAAAAAAAA"
	runningPass  = "scan_RUNNINGAAAAAAAAA"
	finishedPass = "scan_FINISHEDAAAAAAAA"
	stoppedPass  = "scan_STOPPEDAAAAAAAAA"
)

// hasEnded are passes that ended yesterday.
func (s *site) hasEnded() {
	s.t.Helper()
	s.exec(`insert into scans (id, state, why, started_by, started_at, finished_at, method, due, checked, changed, newly_unable, newly_able,
			disconnected, failed, held_back, stripe_calls)
		values ($1, 'finished', null, 'schedule', $3, $3::timestamptz + interval '3 minutes 5 seconds', 'retrieve', 40, 38, 2, 1, 1, 0, 2, 0, 41),
			($2, 'stopped', 'Stripe refused: Invalid API Key provided', 'key_1', $3::timestamptz + interval '1 hour',
				$3::timestamptz + interval '1 hour 1 second', 'list', 900, 0, 0, 0, 0, 0, 0, 0, 1)`,
		finishedPass, stoppedPass, t0.Add(-24*time.Hour))
	s.exec(`insert into scan_findings values ($1, 'changed', 'acct_working', 'seller_a', 'enabled', 'restricted')`, finishedPass)
}

// runs makes a pass that has done 30 of 120 accounts in a minute.
func (s *site) runs(now time.Time) {
	s.t.Helper()
	s.exec(`insert into scans (id, state, started_by, started_at, due, checked, stripe_calls) values ($1, 'running', 'schedule', $2, 120, 30, 30)`,
		runningPass, now.Add(-time.Minute))
}

// brakes makes a pass that holds an account back, of so many that it lists.
func (s *site) brakes(held, listed int) {
	s.t.Helper()
	s.exec(`insert into scans (id, state, why, started_by, started_at, due, checked, changed, newly_unable, held_back, stripe_calls)
		values ($1, 'braked', 'more accounts would be unable within 24 hours than the brake allows', 'admin', $2, 500, 120, 21, 20, $3, 122)`,
		brakedPass, t0.Add(-time.Hour), held)
	s.exec(`insert into scan_findings
		select $1, 'held_back', 'acct_' || lpad(i::text, 4, '0'), 'seller_' || i, 'enabled', case when i % 3 = 0 then 'disconnected' else 'restricted' end
		from generate_series(1, $2::int) i`, brakedPass, listed)
	s.exec(`insert into sellers (id, created_at) select 'seller_' || i, $1 from generate_series(1, $2::int) i`, t0, held)
	s.exec(`insert into accounts (id, seller_id, livemode, status, can_transact, can_accept_payments, can_receive_payouts, allow_unlink,
			reasons, policy_version, judge_version, connected_at, granted_from, granted_at, next_check_at, held_back, held_back_by, revision, version)
		select 'acct_' || lpad(i::text, 4, '0'), 'seller_' || i, false, 'enabled', true, true, true, false, '[]', 1, 1, $1, $1, $1, $1, true, $3, 1, 0
		from generate_series(1, $2::int) i`, t0, held, brakedPass)
}

func (s *site) one(sql string) (text string) {
	s.t.Helper()
	if err := s.pool.QueryRow(s.t.Context(), sql).Scan(&text); err != nil {
		s.t.Fatal(err)
	}
	return text
}

func TestScansAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	b := s.signedIn()
	b.get("/admin/scans").want(http.StatusOK).shows("No scan is open", "No scan has run yet.")
	s.hasEnded()
	s.runs(t0)
	p := b.get("/admin/scans").want(http.StatusOK)
	p.shows("Checked 30 of 120, about 3 minutes left.", "API key key_1", "3 minutes 5 seconds", "by Stripe’s list")
	var states []string
	for _, row := range p.rows() {
		states = append(states, row[1])
	}
	if got := strings.Join(states, " "); got != "Running Stopped Finished" {
		t.Errorf("in the order %s", got)
	}
	for _, bar := range p.all(atom.Progress) {
		if attr(bar, "value") != "30" || attr(bar, "max") != "120" || attr(bar, "aria-label") == "" {
			t.Errorf("the bar is %v", bar.Attr)
		}
	}
}

func TestScansComeInPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exec(`insert into scans (id, state, started_by, started_at, finished_at)
		select 'scan_PAGE' || lpad(i::text, 12, 'A'), 'finished', 'schedule', $1::timestamptz + i * interval '1 minute', $1 from generate_series(1, 70) i`, t0)
	b := s.signedIn()
	first := b.get("/admin/scans")
	second := b.get(first.link("Next page"))
	if len(first.rows()) != 50 || len(second.rows()) != 20 {
		t.Errorf("pages of %d and %d", len(first.rows()), len(second.rows()))
	}
	b.get(second.link("First page")).link("Next page")
	b.get("/admin/scans?cursor=x").want(http.StatusBadRequest).link("Show all scans")
}

// TestOpenScanIsAskedFor again and again: while nothing has changed the answer is empty.
func TestOpenScanIsAskedFor(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	s.runs(t0)
	b := s.signedIn()
	for _, at := range []string{"/admin/scans", "/admin/scans/" + runningPass} {
		p := b.get(at).want(http.StatusOK)
		b.live(p).want(http.StatusNoContent)
		s.exec(`update scans set checked = checked + 40`)
		b.live(p).want(http.StatusOK).shows("of 120, less than a minute left")
		b.live(b.get(at)).want(http.StatusNoContent)
	}
	p := b.get("/admin/scans/" + runningPass)
	s.exec(`update scans set state = 'finished', finished_at = $1, checked = 120`, t0)
	b.live(p).want(http.StatusOK).shows("Finished").hides("left")
}

func TestAScansPage(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	s.hasEnded()
	b := s.signedIn()
	b.get("/admin/scans/"+stoppedPass).shows("Stopped", "Stripe refused: Invalid API Key provided", "Set STRIPE_SECRET_KEY to a key that works")
	p := b.get("/admin/scans/"+finishedPass).shows("Finished", "2 checks gave no answer", "Enabled", "Restricted", "3 minutes 5 seconds")
	if at := p.link("acct_working"); at != "/admin/accounts/acct_working" {
		t.Errorf("the account is at %s", at)
	}
	b.get("/admin/scans/scan_none").want(http.StatusNotFound).link("Show all scans")
	b.get("/admin/scans/" + finishedPass + "?confirm=release").want(http.StatusOK).hides("Release the brake")
}

func TestWhatIsHeldBackComesInPages(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	s.brakes(120, 120)
	s.exec(`update accounts set held_back = false where id = 'acct_0002'`)
	b := s.signedIn()
	p := b.get("/admin/scans/" + brakedPass)
	p.shows("Braked", "would have made 120 more accounts unable", "acct_0001seller_1EnabledRestrictedheld back", "acct_0002seller_2EnabledRestrictedsettled since")
	seen := 0
	for at := "/admin/scans/" + brakedPass; ; at = p.link("Next ones") {
		p = b.get(at)
		seen += len(within(p.all(atom.Tbody)[0], atom.Tr))
		if !strings.Contains(p.body, ">Next ones<") {
			break
		}
	}
	if seen != 120 {
		t.Errorf("%d accounts are listed", seen)
	}
	b.get(p.link("First ones")).shows("acct_0001")
}

// TestBrakeIsReleasedWithWhatItHoldsInView: the form says of how many accounts, and takes no more.
func TestBrakeIsReleasedWithWhatItHoldsInView(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.brakes(6, 6)
	b, at := s.signedIn(), "/admin/scans/"+brakedPass
	asked := b.get(b.get(at).link("Release the brake…")).want(http.StatusOK)
	asked.shows("Up to 6 accounts lose their yes", "4 Restricted, 2 Disconnected", "acct_0001")
	to := asked.button("Release the brake")
	s.exec(`insert into sellers (id, created_at) values ('seller_late', $1)`, t0)
	s.exec(`insert into accounts select (a).* from (select jsonb_populate_record(a, '{"id": "acct_late", "seller_id": "seller_late"}') a from accounts a limit 1) x`)
	refused := b.post(to, url.Values{"held_back": {asked.value("held_back")}}).want(http.StatusConflict)
	refused.shows("Meanwhile 7 accounts are held back, more than the 6 that you were shown.", "Up to 7 accounts lose their yes")
	if state := s.one(`select state from scans`); state != "braked" || s.woken != 0 {
		t.Errorf("the scan is %s, and woken %d times", state, s.woken)
	}
	b.post(to, nil).want(http.StatusSeeOther) // without a number: it is shown first
	back := b.post(to, url.Values{"held_back": {refused.value("held_back")}}).want(http.StatusSeeOther).Header.Get("Location")
	b.get(back).shows("The brake is released", "Running", "Its brake was released: resumed by admin.").hides("Release the brake")
	if s.woken != 1 {
		t.Errorf("the scan was woken %d times", s.woken)
	}
	if acts := s.one(`select string_agg(format('%s %s %s %s', actor, host(address::inet), action, subject), ';') from audit where action like '%scan'`); acts != "admin 127.0.0.1 resume_scan "+brakedPass {
		t.Errorf("the audit has %s", acts)
	}
	b.post(to, url.Values{"held_back": {"7"}}).want(http.StatusConflict)
	b.post("/admin/scans/scan_none/resume", url.Values{"held_back": {"7"}}).want(http.StatusNotFound)
}

// TestStartingAScanSaysWhatItCosts before it is started.
func TestStartingAScanSaysWhatItCosts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	b.get("/admin/scans/new").shows("No account is connected: there is nothing to check.")
	for i := range 3 {
		s.connected("seller_"+strconv.Itoa(i), "complete")
	}
	s.exec(`update accounts set next_check_at = $1, claimed_until = null where seller_id = 'seller_0'`, t0)
	s.passes.Allotted(2, 0)
	p := b.get(b.get("/admin/scans").link("Start a scan…")).want(http.StatusOK)
	p.shows("What is due", "All accounts, by Stripe’s list 3 accounts, by Stripe’s list: at least 1 call, less than a minute.", "3 accounts, one by one: at least 3 calls, less than a minute.",
		"More reads than are left", "Stripe allots 2 to the platform")
	to := p.button("Start")
	b.post(to, url.Values{"pass": {"other"}}).want(http.StatusBadRequest).shows("Choose which accounts are to be checked.")
	at := b.post(to, url.Values{"pass": {"list"}}).want(http.StatusSeeOther).Header.Get("Location")
	b.get(at).want(http.StatusOK).shows("Running", "Started by an admin", "by Stripe’s list")
	b.post(to, url.Values{"pass": {"due"}}).want(http.StatusConflict).shows("Nothing was started", "the scan that is open").hides("What is due")
	if s.woken != 1 || s.one(`select count(*)::text from audit where actor = 'admin' and action = 'start_scan' and address is not null`) != "1" {
		t.Errorf("the scan was woken %d times", s.woken)
	}
}

// TestScansStartAsChosen: due or all, by what method.
func TestScansStartAsChosen(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	b := s.signedIn()
	for pass, want := range map[string]string{"due": "retrieve false", "retrieve": "retrieve true", "list": "list false"} {
		b.post("/admin/scans/new/start", url.Values{"pass": {pass}}).want(http.StatusSeeOther)
		if got := s.one(`select format('%s %s', method, case when due_through is null then 'false' else 'true' end) from scans`); got != want {
			t.Errorf("%s is a pass by %s, want %s", pass, got, want)
		}
		s.exec(`delete from listings`)
		s.exec(`delete from scans`)
	}
}

// TestScanThatWasResumedSaysNothingOfThePast: it stood still for hours.
func TestScanThatWasResumedSaysNothingOfThePast(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	s.brakes(6, 6)
	s.exec(`update scans set started_at = $1`, t0.Add(-48*time.Hour))
	if _, err := s.passes.Resume(t.Context(), brakedPass, account.Actor{Name: "cli"}, t0); err != nil {
		t.Fatal(err)
	}
	b := s.signedIn()
	b.get("/admin/scans/"+brakedPass).shows("Checked 120 of 500, less than a minute left.", "Its brake was released: resumed by cli.")
	s.exec(`update scans set checked = 500`)
	p := b.get("/admin/scans/" + brakedPass).shows("Checked 500 of 500; what was held back is being retrieved again.")
	if bar := p.all(atom.Progress)[0]; attr(bar, "value") != "" {
		t.Error("the bar says that all is done")
	}
}
