package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html/atom"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/notify"
)

func (s *site) endpoint(at string) client.EventEndpoint {
	s.t.Helper()
	made, err := s.endpoints.Create(s.t.Context(), notify.EndpointParams{URL: at, By: account.Actor{Name: "cli"}})
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}

// field is the value of the input that has the id.
func (p *page) field(id string) string {
	p.t.Helper()
	for _, n := range p.all(atom.Input) {
		if attr(n, "id") == id {
			return attr(n, "value")
		}
	}
	p.t.Fatalf("%s has no field %s", p.Request.URL.Path, id)
	return ""
}

// actsOn are those of people on a subject, oldest first.
func (s *site) actsOn(subject string) string {
	s.t.Helper()
	var done *string
	err := s.pool.QueryRow(s.t.Context(), `select string_agg(actor || ' ' || coalesce(address, '') || ' ' || action, ', ' order by id)
		from audit where subject = $1 and actor <> 'cli'`, subject).Scan(&done)
	if err != nil {
		s.t.Fatal(err)
	}
	return client.Text(done)
}

func TestAnEndpointIsMadeAndItsSecretShownOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	form := b.get(b.get("/admin/endpoints").shows("There is no endpoint yet.").link("New endpoint…")).want(http.StatusOK)
	made := b.post(form.button("Make the endpoint"), url.Values{
		"url": {"https://shop.example/connectd?key=abc"}, "which": {"some"}, "types": {"scan.finished", "checkout.paid"},
	}).want(http.StatusSeeOther)
	at := made.Header.Get("Location")
	if strings.Contains(at, "whsec") || strings.Contains(made.body, "whsec") {
		t.Errorf("the secret is in the answer: %s", at)
	}
	shown := b.get(at).want(http.StatusOK).shows("It is not shown again", "scan.finished, checkout.paid", "Not used yet").hides("key=abc")
	if secret := shown.field("secret"); !strings.HasPrefix(secret, "whsec_") || shown.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%q, %v", secret, shown.Header)
	}
	b.get(at).hides("It is not shown again")
	b.get("/admin/endpoints").shows("https://shop.example/connectd?…").hides("key=abc")
	id := strings.TrimPrefix(at, "/admin/endpoints/")
	if got := s.actsOn(id); got != "admin 127.0.0.1 create_endpoint" {
		t.Errorf("the audit has %q", got)
	}
}

// TestWhatIsWrongWithAnEndpointIsSaidInItsForm, which keeps what was typed.
func TestWhatIsWrongWithAnEndpointIsSaidInItsForm(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	for typed, says := range map[string]string{
		"":                       "The URL is not an https URL",
		"https://10.0.0.1/":      "The URL points inside: connectd calls",
		"ftp://shop.example/":    "The URL is not an https URL",
		"https://me@shop.test/":  "The URL has a user in it",
		"https://shop.test/\x00": "The URL is not an https URL",
	} {
		p := b.post("/admin/endpoints/new", url.Values{"url": {typed}, "which": {"all"}}).want(http.StatusBadRequest).shows(says)
		if got := p.field("url"); got != typed && !strings.Contains(typed, "\x00") {
			t.Errorf("%q stands in the field, not %q", got, typed)
		}
	}
	b.post("/admin/endpoints/new", url.Values{"url": {"https://shop.test/"}, "which": {"some"}}).want(http.StatusBadRequest).
		shows("Choose all types, or these alone and which.")
	b.post("/admin/endpoints/new", url.Values{"url": {"https://shop.test/"}, "which": {"all"}, "types": {"checkout.paid"}}).
		want(http.StatusBadRequest).shows("Choose all types, or these alone and which.")
	b.post("/admin/endpoints/new", url.Values{"id": {"ep_1"}, "url": {"https://shop.test/"}, "which": {"all"}}).want(http.StatusBadRequest)
	b.post("/admin/endpoints/new", url.Values{"url": {"https://shop.test/"}, "which": {"some"}, "types": {"seller.gone"}}).
		want(http.StatusBadRequest).shows("One of those picked is not a type of event")
	if all, err := s.endpoints.Health(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("%d were made (%v)", len(all), err)
	}
}

// TestAnEndpointsFormSentTwiceMakesOne, whose secret is shown.
func TestAnEndpointsFormSentTwiceMakesOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	form := b.get("/admin/endpoints?new=yes").filled("/admin/endpoints/new")
	form.Set("url", "https://shop.example/connectd")
	form.Set("which", "all")
	form.Del("types")
	first := b.post("/admin/endpoints/new", form).want(http.StatusSeeOther).Header.Get("Location")
	second := b.post("/admin/endpoints/new", form).want(http.StatusSeeOther).Header.Get("Location")
	if first != second {
		t.Errorf("%s and %s", first, second)
	}
	b.get(first).shows("It is not shown again")
	if all, err := s.endpoints.Health(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("%d were made (%v)", len(all), err)
	}
}

// TestASecretIsChanged after a page that says what happens by it.
func TestASecretIsChanged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	e := s.endpoint("https://shop.example/connectd")
	other := s.endpoint("https://shop.example/other")
	b, at := s.signedIn(), "/admin/endpoints/"+e.ID
	asked := b.get(b.get(at).link("Change the secret…")).shows("signs beside it for 24 hours")
	b.post(asked.button("Change the secret"), nil).want(http.StatusSeeOther)
	b.get("/admin/endpoints/" + other.ID).hides("It is not shown again") // of another
	if secret := b.get(at).field("secret"); !strings.HasPrefix(secret, "whsec_") || secret == e.Secret {
		t.Errorf("%q", secret)
	}
	if got := s.actsOn(e.ID); got != "admin 127.0.0.1 rotate_endpoint" {
		t.Errorf("the audit has %q", got)
	}
}

func TestAnEndpointIsDeletedAfterAConfirmation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	e := s.endpoint("https://shop.example/connectd")
	b, at := s.signedIn(), "/admin/endpoints/"+e.ID
	asked := b.get(b.get(at).link("Delete…")).shows("Nothing more is sent to https://shop.example/connectd")
	if to := b.post(asked.button("Delete"), nil).want(http.StatusSeeOther).Header.Get("Location"); to != "/admin/endpoints" {
		t.Errorf("leads to %s", to)
	}
	b.get("/admin/endpoints").shows("The endpoint is deleted", "There is no endpoint yet.")
	b.get(at).want(http.StatusNotFound).link("Show all endpoints")
	b.post(at+"/delete", nil).want(http.StatusNotFound)
	b.post(at+"/test", nil).want(http.StatusNotFound)
	if got := s.actsOn(e.ID); got != "admin 127.0.0.1 delete_endpoint" {
		t.Errorf("the audit has %q", got)
	}
}

func TestAnEndpointsHealthIsSaidInWords(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	b := s.signedIn()
	e := s.endpoint("https://shop.example/connectd")
	at := "/admin/endpoints/" + e.ID
	b.get(at).shows("Not used yet")
	for state, words := range map[string]string{
		"answered_at = '2026-03-01T11:00:00Z'":                                         "Well It takes what is sent to it.",
		"failing_since = '2026-02-28T10:00:00Z', last_failure = 'answered 503'":        "Failing Every attempt has failed since 28 Feb 2026 10:00 UTC, the last with: answered 503.",
		"failing_since = '2026-02-20T10:00:00Z', disabled_at = '2026-02-23T10:00:00Z'": "Switched off Nothing is sent to it since 23 Feb 2026 10:00 UTC: every attempt failed since 20 Feb 2026 10:00 UTC.",
	} {
		s.exec("update event_endpoints set answered_at = null, failing_since = null, last_failure = null, disabled_at = null")
		s.exec("update event_endpoints set " + state)
		b.get("/admin/endpoints").shows(words)
		b.get(at).shows(strings.SplitN(words, " ", 2)[0])
	}
}

// TestAnEndpointThatIsOffIsEnabled, and gets no test event before.
func TestAnEndpointThatIsOffIsEnabled(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	e := s.endpoint("https://shop.example/connectd")
	s.exec("update event_endpoints set disabled_at = created_at, failing_since = created_at")
	b, at := s.signedIn(), "/admin/endpoints/"+e.ID
	b.post(at+"/test", nil).want(http.StatusSeeOther)
	off := b.get(at).shows("Not done: The endpoint was switched off", "it gets what happens from then on")
	b.post(off.button("Enable"), nil).want(http.StatusSeeOther)
	b.get(at).shows("It gets what happens from now on.").hides("Switched off")
	if got := s.actsOn(e.ID); got != "admin 127.0.0.1 enable_endpoint" {
		t.Errorf("the audit has %q", got)
	}
}

// TestEndpointsAreToldWhatHasChanged to pages that show them.
func TestEndpointsAreToldWhatHasChanged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	e := s.endpoint("https://shop.example/connectd")
	b := s.signedIn()
	pages := map[string]*page{}
	for _, at := range []string{"/admin/endpoints", "/admin/endpoints/" + e.ID + "?state=pending&confirm=delete", "/admin/deliveries?type=test"} {
		pages[at] = b.get(at).want(http.StatusOK)
	}
	for at, p := range pages {
		b.live(p).want(http.StatusNoContent)
		_ = at
	}
	if _, err := s.endpoints.Send(t.Context(), e.ID, account.Actor{Name: "cli"}); err != nil {
		t.Fatal(err)
	}
	for at, p := range pages {
		now := b.live(p).want(http.StatusOK)
		b.live(now).want(http.StatusNoContent)
		if at != "/admin/endpoints" {
			now.shows("test", "Waiting")
		}
	}
}

func TestDeliveriesAreFilteredByTheirAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	e, gone := s.endpoint("https://shop.example/connectd"), s.endpoint("https://shop.example/gone")
	s.exec(`insert into deliveries (id, endpoint_id, event_id, type, account_id, body, state, trouble, failed_at, attempts, created_at)
		select 'dlv_' || lpad(i::text, 4, '0'), case when i % 2 = 0 then $1 else $2 end, 'msg_' || i, 'seller.connected', 'acct_' || i % 3, '{}',
			case when i % 10 = 0 then 'failed' else 'delivered' end, case when i % 10 = 0 then 'failed' end, case when i % 10 = 0 then now() end,
			'[{"at":"2026-03-01T12:00:00Z","status":500,"error":"answered 500"}]', now() from generate_series(1, 120) i`, e.ID, gone.ID)
	if err := s.endpoints.Delete(t.Context(), gone.ID, account.Actor{Name: "cli"}); err != nil {
		t.Fatal(err)
	}
	b := s.signedIn()
	first := b.get("/admin/deliveries").shows("deleted", "https://shop.example/connectd", "1, the last: answered 500")
	if n := len(first.rows()); n != 50 {
		t.Errorf("%d rows", n)
	}
	second := b.get(first.link("Next page"))
	third := b.get(second.link("Next page"))
	if n := len(third.rows()); n != 20 {
		t.Errorf("%d rows", n)
	}
	if to := third.link("First page"); to != "/admin/deliveries" {
		t.Errorf("leads to %s", to)
	}
	for at, n := range map[string]int{
		"/admin/deliveries?state=failed": 12, "/admin/deliveries?event=msg_7": 1, "/admin/deliveries?account=acct_0&state=failed": 4,
		"/admin/endpoints/" + e.ID + "?state=failed": 12, "/admin/endpoints/" + e.ID + "?endpoint=" + gone.ID + "&state=failed": 12,
	} {
		if rows := b.get(at).want(http.StatusOK).rows(); len(rows) != n {
			t.Errorf("%s: %d rows, not %d", at, len(rows), n)
		}
	}
	b.get("/admin/deliveries?event=msg_none").shows("No delivery is like that.").link("Show all")
	b.get("/admin/deliveries?before=dlv_0000").shows("There are no more deliveries.")
	for _, at := range []string{"?state=lost", "?type=spam", "?event=%00", "?before=%ff"} {
		b.get("/admin/deliveries" + at).want(http.StatusBadRequest).link("Show all deliveries")
		b.get("/admin/endpoints/" + e.ID + strings.Replace(at, "event", "type", 1)).want(http.StatusBadRequest).link("Show the endpoint")
	}
}

func TestADeliveryIsLookedAtAndSentAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	e := s.endpoint("http://127.0.0.1:9/connectd")
	b := s.signedIn()
	at := b.post(b.get("/admin/endpoints/"+e.ID).button("Send a test event"), nil).want(http.StatusSeeOther).Header.Get("Location")
	shown := b.get(at).want(http.StatusOK).shows("test Waiting", "It waits for its first attempt.", "None yet.", `"endpoint_id": "`+e.ID+`"`, "byte")
	b.live(shown).want(http.StatusNoContent)
	s.exec(`update deliveries set state = 'failed', trouble = 'failed', failed_at = now(), next_attempt_at = null, tries = 2,
		attempts = '[{"at":"2026-03-01T12:00:00Z","status":500,"error":"answered 500"},{"at":"2026-03-01T12:05:00Z","status":null,"error":"no answer within 8s"}]'`)
	now := b.live(shown).want(http.StatusOK).shows("Failed", "It failed, and is not tried again by itself: no answer within 8s.", "2026 12:05 UTCnone")
	if rows := b.get(at).rows(); len(rows) != 2 || rows[0][0] != "2" || rows[1][2] != "500" {
		t.Errorf("%v", rows)
	}
	b.post(now.button("Send again"), nil).want(http.StatusSeeOther)
	b.get(at).shows("It is sent again, with the id that it had", "It is being sent again.")
	id := strings.TrimPrefix(at, "/admin/deliveries/")
	if got := s.actsOn(id); got != "admin 127.0.0.1 redeliver" {
		t.Errorf("the audit has %q", got)
	}
	if got := s.actsOn(e.ID); got != "admin 127.0.0.1 test_endpoint" {
		t.Errorf("the audit has %q", got)
	}
	s.exec("update event_endpoints set disabled_at = created_at")
	b.post(at+"/redeliver", nil).want(http.StatusSeeOther)
	b.get(at).shows("Not sent: The endpoint was switched off", "enable that first")
	if err := s.endpoints.Delete(t.Context(), e.ID, account.Actor{Name: "cli"}); err != nil {
		t.Fatal(err)
	}
	b.get(at).shows("its endpoint was deleted", "there is nowhere to send it to")
	b.post(at+"/redeliver", nil).want(http.StatusNotFound)
	b.get("/admin/deliveries/dlv_none").want(http.StatusNotFound).link("Show all deliveries")
	b.get("/admin/deliveries/%00").want(http.StatusNotFound)
	b.get("/admin/endpoints/%ff").want(http.StatusNotFound)
}

// TestCountsOfEndpointsAreCut where there is very much, and say so.
func TestCountsOfEndpointsAreCut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	e := s.endpoint("https://shop.example/connectd")
	s.exec(`insert into deliveries (id, endpoint_id, event_id, type, body, state, trouble, failed_at, created_at)
		select 'dlv_' || i, $1, 'msg_' || i, 'seller.connected', '{}', case when i % 2 = 0 then 'failed' else 'pending' end,
			case when i % 2 = 0 then 'failed' else 'waiting' end, case when i % 2 = 0 then $2::timestamptz end, $2 from generate_series(1, 3000) i`, e.ID, time.Now())
	row := s.signedIn().get("/admin/endpoints").rows()[0]
	if !strings.HasPrefix(row[3], "more than 1,000, since") || row[4] != "more than 1,000" {
		t.Errorf("%q", row)
	}
}
