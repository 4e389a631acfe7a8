package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
)

// TestADaysOutageIsCaughtUpWith: by nothing but what Stripe is asked, since no delivery comes until it is done, and over two kills.
// What is delivered afterwards has no effect twice.
func TestADaysOutageIsCaughtUpWith(t *testing.T) {
	t.Parallel()
	o := newOutage(t, 400)
	o.live()
	o.ago(24*time.Hour, 24*time.Hour)
	o.Sandbox(t, "delivery", `{"mode":"hold"}`)
	o.happen(outageSize{changes: 2000, ends: 40, sales: 700, busy: 220, payouts: 50})

	o.Sandbox(t, "faults", `[{"path":"/v1/accounts","latency_ms":500}]`) // for each page of the list
	o.killedWhen("the middle of the sweep", func() bool {
		return len(ask[string](o.fleet, `select id from scans where started_by like 'catch-up%' and checked > 50 and listing`)) > 0
	})
	o.Sandbox(t, "faults", `[]`)
	o.killedWhen("the middle of the events", func() bool { left := o.leftToAsk(); return left > 0 && left < 340 && o.saysWhatIsLeft() })
	left := o.leftToAsk()
	o.serve(500)
	o.caughtUp(1)
	braked := ask[int](o.fleet, `select held_back::int from scans where state = 'braked' and started_by like 'catch-up%'`)
	if len(braked) != 1 || braked[0] == 0 {
		t.Errorf("the brake held back %v", braked)
	}
	o.resume()
	o.wantAllAsAtStripe()
	o.wantEachSaleTold(50)
	o.reported()
	t.Logf("the events of %d accounts were still to be asked for at the second kill; the brake held %v accounts back", left, braked)

	before := ask[int](o.fleet, `select count(*) from stripe_events`)[0]
	o.Sandbox(t, "delivery", `{"mode":"normal"}`)
	o.delivered()
	after := ask[int](o.fleet, `select count(*) from stripe_events`)[0]
	o.wantAllAsAtStripe()
	o.wantEachSaleTold(50)
	t.Logf("%d events came afterwards that were not asked for", after-before)
	if after == before {
		t.Error("no event came afterwards")
	}
}

// TestASwitchedOffEndpointIsCaughtUpWith: at the next start, though connectd was not down for long, and once more when it is on
// again.
func TestASwitchedOffEndpointIsCaughtUpWith(t *testing.T) {
	t.Parallel()
	o := newOutage(t, 400)
	o.live()
	o.ago(10*time.Minute, 24*time.Hour)
	o.switchOff()
	o.happen(outageSize{changes: 1500, ends: 30, sales: 500, busy: 120, payouts: 40})

	free := "CONNECTD_SCAN_BRAKE=1000000,100%"
	o.killedWhen("the middle of the events", func() bool { left := o.leftToAsk(); return left > 0 && left < 350 }, free)
	o.serve(500, free)
	o.caughtUp(1)
	o.wantAllAsAtStripe()
	o.wantEachSaleTold(40)
	if page := o.statusz(); !strings.Contains(page, "switched off") {
		t.Errorf("/statusz does not say so:\n%s", page)
	}
	words, _, _ := connectd(t, o.env("BASE_URL="+o.balancer.URL), "doctor")
	says(t, words, "is switched off", "the last catch-up")

	o.sell(o.ids[len(o.ids)-1]) // before it is on again
	o.announceSales()
	expect(t, 0, o.env("BASE_URL="+o.balancer.URL), "webhooks", "setup")
	o.kill()
	o.serve(500, free)
	o.caughtUp(2)
	o.wantEachSaleTold(40)
	if page := o.statusz(); strings.Contains(page, "switched off") {
		t.Errorf("/statusz still says that it is off:\n%s", page)
	}
	o.reported()
}

// killedWhen starts a process and kills it when the condition holds.
func (o *outage) killedWhen(what string, holds func() bool, more ...string) {
	o.t.Helper()
	o.serve(100, more...)
	waittest.Within(o.t, 2*time.Minute, what, holds)
	o.kill()
}

func (o *outage) caughtUp(times int) {
	o.t.Helper()
	waittest.Within(o.t, 3*time.Minute, "the end of the catch-up", func() bool {
		return ask[int](o.fleet, `select count(*) from catch_ups where finished_at is not null and not superseded`)[0] == times
	})
}

func (o *outage) leftToAsk() int {
	o.t.Helper()
	return ask[int](o.fleet, `select count(*) from catch_up_accounts`)[0]
}

// resume releases the brake, and waits for the pass's end.
func (o *outage) resume() {
	o.t.Helper()
	expect(o.t, 0, o.env(), "scan", "resume")
	waittest.Within(o.t, 2*time.Minute, "the pass's end", func() bool {
		return len(ask[string](o.fleet, `select id from scans where state in ('running', 'braked')`)) == 0
	})
}

// delivered waits until every event has been answered.
func (o *outage) delivered() {
	o.t.Helper()
	waittest.Within(o.t, 3*time.Minute, "all deliveries", func() bool {
		var page struct{ Data []struct{ ID string } }
		for _, id := range append(slices.Clone(o.ids[len(o.ends):len(o.ends)+20]), o.ids[len(o.ids)-20:]...) {
			res := o.Do(o.t, http.MethodGet, o.SandboxURL+"/v1/events?delivery_success=false&limit=1", o.PlatformKey, "", "Stripe-Account", id)
			if err := json.Unmarshal([]byte(walktest.Read(o.t, res)), &page); err != nil || len(page.Data) > 0 {
				return false
			}
		}
		return true
	})
}

// saysWhatIsLeft: meanwhile Stripe answers nobody.
func (o *outage) saysWhatIsLeft() bool {
	o.t.Helper()
	o.Sandbox(o.t, "faults", `[{"path":"/v1/events","status":429}]`)
	if page := o.statusz(); !strings.Contains(page, "may have been missed") || !strings.Contains(page, "still to be asked for") {
		o.t.Errorf("/statusz does not say so:\n%s", page)
	}
	o.Sandbox(o.t, "faults", `[]`)
	return true
}

func (o *outage) statusz() string {
	o.t.Helper()
	b := walktest.NewVisitor(o.t)
	b.Form(o.url+"/admin/accounts", url.Values{"password": {"fleet"}})
	return b.Page(o.url + "/statusz")
}

func (o *outage) switchOff() {
	o.t.Helper()
	o.postForm(o.SandboxURL+"/v1/webhook_endpoints/"+o.endpoint, o.PlatformKey, url.Values{"disabled": {"true"}}, &struct{}{})
}
