package mail_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/mail"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/words"
)

func TestSellersAreMailedWhatHasChanged(t *testing.T) {
	t.Parallel()
	deadline := t0.Add(30 * day)
	for name, c := range map[string]struct {
		from, to account.Facts
		kinds    []string
		subjects []string
	}{
		"due":                   {working(), due(deadline, "company.tax_id"), []string{"due"}, []string{"Stripe needs something from you by 31 March 2026"}},
		"payouts off":           {working(), payoutsOff(), []string{"switched_off"}, []string{"Stripe has switched your payouts off"}},
		"charges off":           {working(), chargesOff(), []string{"switched_off"}, []string{"Stripe has switched your charges off"}},
		"both off":              {working(), bothOff(), []string{"switched_off"}, []string{"Stripe has switched your charges and payouts off"}},
		"charges off too":       {payoutsOff(), bothOff(), []string{"switched_off"}, []string{"Stripe has switched your charges and payouts off"}},
		"payouts back on":       {payoutsOff(), working(), []string{"switched_on"}, []string{"Your charges and payouts are on"}},
		"charges back on alone": {bothOff(), payoutsOff(), []string{"switched_on"}, []string{"Your charges are on"}},
		"both at once": {payoutsOff(), chargesOff(), []string{"switched_off", "switched_on"}, []string{
			"Stripe has switched your charges off", "Your payouts are on",
		}},
		"past due": {working(), pastDue("company.verification.document"), []string{"due", "switched_off"}, []string{
			"Stripe needs something from you", "Stripe has switched your charges and payouts off",
		}},
		"no longer due":      {due(deadline, "company.tax_id"), working(), nil, nil},
		"less due":           {due(deadline, "company.tax_id", "company.name"), due(deadline, "company.name"), nil, nil},
		"due becomes late":   {due(deadline, "company.tax_id"), pastDue("company.tax_id"), []string{"switched_off"}, []string{"Stripe has switched your charges and payouts off"}},
		"nothing to do with": {working(), named("Red Kiln"), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.connect(s.seller("s1"))
			s.report("s1", c.from)
			s.deliver()
			s.server.forget()
			s.exec("delete from mails")
			s.clock.advance(2 * day)
			s.report("s1", c.to)
			s.deliver()
			if diff := cmp.Diff(c.kinds, s.kinds("s1")); diff != "" && len(c.kinds)+len(s.kinds("s1")) > 0 {
				t.Errorf("the kinds (-want +got):\n%s", diff)
			}
			var got []string
			for _, m := range s.server.mails() {
				if m.To != addressOf("s1") || m.From != "payments@shop.example" {
					t.Errorf("a mail from %s to %s", m.From, m.To)
				}
				got = append(got, m.Subject)
			}
			slices.Sort(got)
			slices.Sort(c.subjects)
			if !slices.Equal(got, c.subjects) {
				t.Errorf("%q, want %q", got, c.subjects)
			}
		})
	}
}

func named(name string) account.Facts {
	f := working()
	f.DisplayName = name
	return f
}

func TestConnectingAndDisconnectingIsMailed(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect(s.seller("s1"))
	s.follow()
	s.report("s1", working())
	s.deliver()
	if m := s.server.only(); m.Subject != "Your Stripe account is connected to Kiln & Co" || !strings.Contains(m.Text, "Blue Kiln is now connected") {
		t.Errorf("%s\n%s", m.Subject, m.Text)
	}
	s.server.forget()
	s.deauthorize("s1")
	s.deliver()
	m := s.server.only()
	if m.Subject != "Your Stripe account is no longer connected to Kiln & Co" || !strings.Contains(m.Text, "connect it again") {
		t.Errorf("%s\n%s", m.Subject, m.Text)
	}
	if !strings.Contains(m.Text, "https://connect.shop.example/connect/token-of-s1") || !strings.Contains(m.HTML, "https://connect.shop.example/connect/token-of-s1") {
		t.Error("there is no link")
	}
}

// TestWhatIsDueAtOnceIsListedOnce: a seller who connects with something due gets two mails, and reads the list in one.
func TestWhatIsDueAtOnceIsListedOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect(s.seller("s1"))
	s.report("s1", due(s.clock.now().Add(30*day), "company.tax_id"))
	s.deliver()
	var listing []string
	for _, m := range s.server.mails() {
		if strings.Contains(m.Text, "\n- ") {
			listing = append(listing, m.Subject)
		}
	}
	if !slices.Equal(listing, []string{"Stripe needs something from you by 31 March 2026"}) || len(s.server.mails()) != 2 {
		t.Errorf("%q of %q", listing, subjects(s.server.mails()))
	}
}

func TestWhoIsNotMailed(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	if err := s.registry.EnsureSeller(t.Context(), "silent", ""); err != nil {
		t.Fatal(err)
	}
	s.connect("silent")
	s.connect(s.seller("imported"))
	s.exec("update account_changes set source = $1 where seller_id = 'imported'", registry.Import)
	s.outbox.Off = []mail.Kind{mail.Connected}
	s.connect(s.seller("off"))
	s.deliver()
	for _, id := range []string{"silent", "imported", "off"} {
		if got := s.kinds(id); len(got) > 0 {
			t.Errorf("%s is mailed %q", id, got)
		}
	}
	s.outbox = nil // no mail server is set
	s.connect(s.seller("later"))
	s.deliver()
	if got := s.kinds("later"); len(got) > 0 {
		t.Errorf("%q is made where nothing is mailed", got)
	}
}

// TestWhatIsNoLongerSoIsNotMailed: a mail server that was down for a day would otherwise tell of yesterday.
func TestWhatIsNoLongerSoIsNotMailed(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connected("s1")
	s.report("s1", payoutsOff())
	s.follow()
	s.clock.advance(time.Minute)
	s.report("s1", working())
	s.deliver()
	if got := s.kinds("s1"); !slices.Equal(got, []string{"connected", "switched_off dropped", "switched_on"}) {
		t.Errorf("%q", got)
	}
	s.clock.advance(time.Minute) // nobody was told that it was off: the day has not begun
	s.report("s1", payoutsOff())
	s.deliver()
	if got := s.kinds("s1"); !slices.Equal(got, []string{"connected", "switched_off dropped", "switched_on", "switched_off"}) {
		t.Errorf("%q", got)
	}
}

// TestWhatIsSwitchedThereAndBackIsNoNewsOfTheOther: where payouts go on and off again, charges that were on all along are no news;
// nor are payouts that were off all along where charges go off and on.
func TestWhatIsSwitchedThereAndBackIsNoNewsOfTheOther(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meanwhile account.Facts
		kinds     []string
	}{
		"payouts on and off": {working(), []string{"switched_off", "switched_on dropped"}},
		"charges off and on": {bothOff(), []string{"switched_off dropped", "switched_on"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.connected("s1")
			s.report("s1", payoutsOff())
			s.deliver()
			s.exec("delete from mails")
			s.clock.advance(2 * day)
			s.report("s1", c.meanwhile)
			s.report("s1", payoutsOff())
			s.deliver()
			got := s.kinds("s1")
			slices.Sort(got)
			if !slices.Equal(got, c.kinds) {
				t.Errorf("%q, want %q", got, c.kinds)
			}
		})
	}
}

func TestSellersReadTheirOwnLanguage(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	prefer := mail.Preferences{Queries: s.queries()}
	if err := prefer.KeepLanguage(t.Context(), s.seller("s1"), "zh-Hans"); err != nil {
		t.Fatal(err)
	}
	s.connect("s1")
	s.connect(s.seller("s2"))
	s.deliver()
	want := map[string]string{addressOf("s1"): "您的 Stripe 账户已关联到Kiln & Co", addressOf("s2"): "Your Stripe account is connected to Kiln & Co"}
	for _, m := range s.server.mails() {
		if m.Subject != want[m.To] {
			t.Errorf("%s: %q", m.To, m.Subject)
		}
	}
	s.server.forget()
	s.desk.Language = words.Choose("zh-Hans", "")
	s.deauthorize("s2")
	s.deliver()
	if m := s.server.only(); m.Subject != "您的 Stripe 账户已不再关联Kiln & Co" {
		t.Errorf("by the platform's language: %q", m.Subject)
	}
}

func TestAdminsAreToldOfWhatAPassFound(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	pass := func(id string, changed, failed int64) {
		t.Helper()
		at := s.clock.now()
		s.exec(`insert into scans (id, state, started_by, started_at, finished_at, checked, changed, newly_unable, failed)
			values ($1, 'finished', 'schedule', $2, $2, 40, $3, $3, $4)`, id, at, changed, failed)
		s.finished(client.Scan{ID: id, State: "finished", FinishedAt: &at, Changed: changed, Failed: failed})
	}
	pass("scan_1", 0, 0)
	if got := s.kinds(""); len(got) > 0 {
		t.Fatalf("a pass that has found nothing is told: %q", got)
	}
	pass("scan_2", 3, 0)
	s.deliver()
	m := s.server.only()
	if m.To != "admin@shop.example" || m.Subject != "The health scan found 3 changed accounts, of which 3 can no longer transact" {
		t.Errorf("%s: %s", m.To, m.Subject)
	}
	if !strings.Contains(m.Text, "1 March 2026 12:00 UTC: 40 checked, 3 changed, 3 newly unable to transact\n") ||
		!strings.Contains(m.Text, "https://connect.shop.example/admin/accounts") {
		t.Error(m.Text)
	}
	s.server.forget()
	s.clock.advance(time.Hour)
	pass("scan_3", 1, 0)
	s.clock.advance(time.Hour)
	pass("scan_4", 0, 2)
	s.tick()
	s.deliver()
	if got := s.server.mails(); len(got) > 0 {
		t.Fatalf("a second digest within a day: %v", subjects(got))
	}
	s.clock.advance(day)
	s.tick()
	s.deliver()
	if m := s.server.only(); !strings.Contains(m.Text, "14:00 UTC: 40 checked, 2 could not be read") && strings.Count(m.Text, "40 checked") != 2 {
		t.Errorf("the next digest has not both passes:\n%s", m.Text)
	}
	s.clock.advance(2 * day)
	s.tick()
	if got := s.unsettled(); len(got) > 0 {
		t.Errorf("%q", got)
	}
}

func TestAdminsAreToldOfAnEndpointThatIsOff(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.exec(`insert into event_endpoints (id, url, types, secret, created_at, after_position, failing_since, disabled_at)
		values ('ep_1', 'https://shop.example/events?token=hidden', '{}', 'whsec_1', $1, 0, $1, $1)`, t0)
	s.put(mail.Wish{Kind: mail.EndpointOff, Subject: "ep_1"})
	s.put(mail.Wish{Kind: mail.EndpointOff, Subject: "ep_gone"})
	s.deliver()
	m := s.server.only()
	if m.To != "admin@shop.example" || m.Subject != "An event endpoint was switched off" ||
		!strings.Contains(m.Text, "https://shop.example/events (ep_1): every attempt has failed since 1 March 2026 12:00 UTC.") {
		t.Errorf("%s: %s\n%s", m.To, m.Subject, m.Text)
	}
	s.outbox.Admin = false
	s.clock.advance(2 * day)
	s.put(mail.Wish{Kind: mail.EndpointOff, Subject: "ep_1"})
	if got := s.unsettled(); len(got) > 0 {
		t.Errorf("nobody is there to get %q", got)
	}
}
