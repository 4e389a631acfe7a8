package web_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html/atom"

	"github.com/connectd/connectd/internal/registry"
)

// receives stores an event past the webhook, as it would stand.
func (s *site) receives(id, eventType, account string, received time.Time, outcome registry.Result, why, payload string) {
	s.t.Helper()
	s.exec(`insert into stripe_events values ($1, $2, nullif($3, ''), $4, $5, $6, nullif($7, ''), nullif($8, ''))`,
		id, eventType, account, received.Add(-time.Second), received, string(outcome), why, payload)
}

// someEvents are one of each outcome, a minute apart.
func (s *site) someEvents() {
	s.t.Helper()
	s.receives("evt_applied", "account.updated", "acct_working", t0, registry.Applied, "", `{"id":"evt_applied","data":{"object":{"z":1,"a":"<b>"}}}`)
	s.receives("evt_stale", "account.updated", "acct_working", t0.Add(time.Minute), registry.Stale, "newer facts are known", `{"id":"evt_stale"}`)
	s.receives("evt_ignored", "charge.succeeded", "acct_stranger", t0.Add(2*time.Minute), registry.Disregard, "nothing is done for this type", "")
	s.receives("evt_failed", "account.updated", "acct_working", t0.Add(3*time.Minute), registry.Failed, "the event has no account object", `{"id":"evt_failed"}`)
}

func idsOf(p *page) string {
	var ids []string
	for _, row := range p.rows() {
		ids = append(ids, strings.TrimPrefix(row[0], "evt_"))
	}
	return strings.Join(ids, " ")
}

func TestEventsAreListedNewestFirstByFilter(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	b := s.signedIn()
	b.get("/admin/events").want(http.StatusOK).shows("Stripe has sent no event yet.")
	s.someEvents()
	for query, want := range map[string]string{
		"":                        "failed ignored stale applied",
		"?outcome=stale":          "stale",
		"?outcome=failed":         "failed",
		"?type=charge.succeeded":  "ignored",
		"?account=+acct_working+": "failed stale applied",
		"?account=acct_working&outcome=applied&type=account.updated": "applied",
		"?received_after=2026-03-01T12:01:30Z":                       "failed ignored",
		"?received_before=2026-03-01T12:01:30Z":                      "stale applied",
		"?type=none":                                                 "",
	} {
		p := b.get("/admin/events" + query).want(http.StatusOK)
		if got := idsOf(p); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
		p.shows("Failed 1")
	}
	b.get("/admin/events?type=none").shows("No event is like that.")
	b.get("/admin/events?received_before=2026-03-01T12:01:30Z").shows("Received before 2026-03-01T12:01:30Z")
	for _, query := range []string{"outcome=lost", "received_after=today", "limit=0", "cursor=x", "type=%00", "account=%ff"} {
		b.get("/admin/events?" + query).want(http.StatusBadRequest).link("Show all events")
	}
}

func TestEventIsOpenedByItsID(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	s.someEvents()
	b := s.signedIn()
	if to := b.get("/admin/events?id=evt_stale").want(http.StatusSeeOther).Header.Get("Location"); to != "/admin/events/evt_stale" {
		t.Errorf("leads to %s", to)
	}
	b.get("/admin/events?id=evt_none").want(http.StatusNotFound).shows(`There is no event "evt_none" here.`, "It may never have come")
	b.get("/admin/events/evt_none").want(http.StatusNotFound).link("Show all events")
	b.get("/admin/events/%ff").want(http.StatusNotFound)
	b.post("/admin/events/evt_none/replay", nil).want(http.StatusNotFound)
	b.post("/admin/events/%ff/replay", nil).want(http.StatusNotFound)
}

func TestEventsComeInPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exec(`insert into stripe_events (id, type, created, received_at, outcome)
		select 'evt_' || i, 'a', $1::timestamptz, $1::timestamptz + i / 10 * interval '1 second', 'ignored' from generate_series(1, 5000) i`, t0)
	s.receives("evt_rare", "payout.failed", "", t0.Add(-time.Hour), registry.Applied, "", "")
	b := s.signedIn()
	first := b.get("/admin/events")
	second := b.get(first.link("Next page"))
	if len(first.rows()) != 50 || len(second.rows()) != 50 || idsOf(first) == idsOf(second) {
		t.Errorf("pages of %d and %d", len(first.rows()), len(second.rows()))
	}
	b.get(second.link("First page")).link("Next page")
	p, pages := b.get("/admin/events?type=payout.failed"), 1
	for ; idsOf(p) == ""; pages++ {
		p.shows("This page looked at 2000 events, back to 1 Mar 2026")
		p = b.get(p.link("Search on"))
	}
	if idsOf(p) != "rare" || pages != 3 {
		t.Errorf("%s on page %d", idsOf(p), pages)
	}
}

// TestNewerEventsAreTold where the first page is open, and what is read stays where it is.
func TestNewerEventsAreTold(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	b := s.signedIn()
	for _, at := range []string{"/admin/events", "/admin/events?account=acct_working"} {
		s.exec(`delete from stripe_events`)
		p := b.get(at)
		b.live(p).want(http.StatusNoContent)
		s.someEvents()
		news := b.live(p).want(http.StatusOK).shows("Newer events have come.")
		if to := news.link("Show them"); to != at {
			t.Errorf("they are at %s", to)
		}
		b.get(at).hides("Newer events have come.")
		b.live(b.get(at)).want(http.StatusNoContent)
	}
	s.receives("evt_other", "account.updated", "acct_other", t0.Add(time.Hour), registry.Applied, "", "")
	b.live(b.get("/admin/events?account=acct_working")).want(http.StatusNoContent) // not of this account
}

func TestAnEventsPage(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	s.examples()
	s.someEvents()
	b := s.signedIn()
	p := b.get("/admin/events/evt_applied").want(http.StatusOK).shows("account.updated Applied", "of seller seller_a", "Nothing: none of its account’s latest 1000 changes is by this event")
	if pre := p.all(atom.Pre); len(pre) != 1 || pre[0].FirstChild.Data != `{
  "id": "evt_applied",
  "data": {
    "object": {
      "z": 1,
      "a": "<b>"
    }
  }
}` {
		t.Errorf("the payload is %v", p.body)
	}
	if at := p.link("In Stripe’s Dashboard ↗"); at != "https://dashboard.stripe.com/acct_working/test/events/evt_applied" {
		t.Errorf("at Stripe it is %s", at)
	}
	b.get(p.link("acct_working")).want(http.StatusOK)
	b.get("/admin/events/evt_gone").shows("What it changed 1 Mar 2026 12:00 UTC Enabled → Disconnected")
	b.get("/admin/events/evt_ignored").shows("Ignored", "Why: nothing is done for this type.", "acct_stranger, which is not known here", "None was kept").hides("Dashboard")
	b.get("/admin/events/evt_failed").shows("Failed", "Why: the event has no account object.", "could not be read")
	s.receives("evt_odd", "account.updated", "", t0, registry.Failed, "", `no JSON`)
	b.get("/admin/events/evt_odd").want(http.StatusOK).shows("no JSON", "the platform’s own")
}

// TestEventIsAppliedAgainByAButton: its page says what became of it, and the audit who did.
func TestEventIsAppliedAgainByAButton(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	id, later := s.accountOf("seller_1"), time.Now().Add(time.Minute)
	s.receives("evt_late", "account.updated", id, later, registry.Failed, "no reader",
		`{"id":"evt_late","object":"event","type":"account.updated","account":"`+id+`","api_version":"2023-10-16","created":`+unix(later)+
			`,"livemode":false,"data":{"object":{"id":"`+id+`","object":"account","charges_enabled":false}}}`)
	s.receives("evt_bare", "account.updated", id, later, registry.Failed, "no reader", "")
	b := s.signedIn()
	to := b.get("/admin/events/evt_late").button("Apply again")
	back := b.post(to, nil).want(http.StatusSeeOther).Header.Get("Location")
	p := b.get(back).shows("Applied again: it is applied now.", "Enabled → Restricted")
	b.get(back).hides("Applied again: it is")
	b.get(p.link("Enabled → Restricted")).want(http.StatusOK).shows("Restricted by a webhook")
	b.post("/admin/events/evt_bare/replay", nil).want(http.StatusConflict).shows("no payload was kept", "re-check account "+id+" instead").button("Apply again")
	if acts := s.one(`select string_agg(format('%s %s %s %s', actor, host(address::inet), subject, account_id), ';') from audit where action = 'replay'`); acts != "admin 127.0.0.1 evt_late "+id {
		t.Errorf("the audit has %s", acts)
	}
}

func unix(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// TestFailedEventsAreAppliedAgainInLots, of the filter that is shown.
func TestFailedEventsAreAppliedAgainInLots(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exec(`insert into stripe_events (id, type, account, created, received_at, outcome)
		select 'evt_' || i, 'account.updated', 'acct_' || i % 2, $1::timestamptz + i * interval '1 second', $1, 'failed' from generate_series(1, 2200) i`, t0)
	b := s.signedIn()
	p := b.get("/admin/events?outcome=failed&account=acct_1").shows("Failed 2,200")
	asked := b.get(p.link("Apply the failed ones again…")).shows("Those of account acct_1.", "the first 1000, the oldest first; others follow")
	form := url.Values{"account": {"acct_1"}}
	next := b.post(asked.button("Apply these 1000 again"), form).want(http.StatusSeeOther).Header.Get("Location")
	asked = b.get(next).shows("1,000 events applied again: 0 applied, 0 stale, 0 ignored, 1,000 still failed, of which 1,000 were kept without what it takes", "There are 100 more.")
	form.Set("cursor", asked.value("cursor"))
	end := b.post(asked.button("Apply these 100 again"), form).want(http.StatusSeeOther).Header.Get("Location")
	if end != "/admin/events?account=acct_1&outcome=failed" {
		t.Errorf("leads to %s", end)
	}
	b.get(end).shows("100 events applied again")
	if n := s.one(`select count(*)::text from audit where action = 'replay' and actor = 'admin' and subject = 'events failed' and account_id = 'acct_1'`); n != "2" {
		t.Errorf("the audit has %s lots", n)
	}
	none := b.get("/admin/events/replay?type=none").shows("None of the failed events that were looked at is like that; others follow.")
	b.get(none.link("Look on")).shows("No other event has failed that is like that.")
	b.get("/admin/events/replay?cursor=x").want(http.StatusBadRequest)
	b.post("/admin/events/replay/lot", url.Values{"received_after": {"x"}}).want(http.StatusBadRequest)
}
