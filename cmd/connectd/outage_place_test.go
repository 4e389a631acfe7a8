package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
	"github.com/connectd/connectd/internal/webhook"
)

// outage is a connectd that is not there for a while, on a fleet's database, and what happens meanwhile.
type outage struct {
	*fleet
	balancer *balancer // where BASE_URL and the webhook endpoint lead
	endpoint string    // its id at Stripe
	secret   string
	key      string
	serving  *process
	url      string // of the process that serves

	sales     []sale
	announced int             // of the sales, those of which Stripe has an event
	ends      map[string]bool // accounts that were deauthorized: the first of the ids
}

func newOutage(t *testing.T, accounts int) *outage {
	t.Helper()
	o := &outage{fleet: newFleet(t, accounts), balancer: newBalancer(t), ends: map[string]bool{}}
	var made struct{ ID, Secret string }
	form := url.Values{"url": {o.balancer.URL + "/api/connectWebhook"}, "connect": {"true"}, "enabled_events[]": webhook.Types()}
	o.postForm(o.SandboxURL+"/v1/webhook_endpoints", o.PlatformKey, form, &made)
	o.endpoint, o.secret = made.ID, made.Secret
	o.key = strings.TrimSpace(expect(t, 0, o.env(), "keys", "create", "--name", "outage", "--scope", "readiness:read", "--scope", "accounts:read"))
	return o
}

func (o *outage) serve(rate int, more ...string) {
	o.t.Helper()
	env := append([]string{
		"STRIPE_ENDPOINT_SECRET=" + o.secret, "BASE_URL=" + o.balancer.URL, fmt.Sprintf("CONNECTD_STRIPE_RATE=%d", rate),
		"CONNECTD_SCAN_CRON=@every 1s",
	}, more...)
	p, ready := start(o.t, o.env(env...), "serve", "--addr", "127.0.0.1:0")
	o.serving, o.url = p, ready.BaseURL
	o.balancer.set(o.t, ready.BaseURL)
}

func (o *outage) kill() {
	o.t.Helper()
	o.serving.Signal(o.t, syscall.SIGKILL)
}

// live has every account checked and an event heard, and then be down.
func (o *outage) live() {
	o.t.Helper()
	o.serve(500)
	o.allDue()
	o.finished()
	o.Sandbox(o.t, "accounts/"+o.ids[0], `{"business_profile":{"name":"Heard"}}`)
	waittest.Until(o.t, "an event", func() bool { return ask[int](o.fleet, `select count(*) from stripe_events`)[0] > 0 })
	waittest.Until(o.t, "a beat", func() bool { return ask[int](o.fleet, `select count(at) from heartbeat`)[0] > 0 })
	o.kill()
}

// ago puts what connectd did last so far back.
func (o *outage) ago(beat, heard time.Duration) {
	o.exec(`update heartbeat set at = at - $1::interval, endpoint_checked_at = endpoint_checked_at - $1::interval`, beat)
	o.exec(`update stripe_events set received_at = received_at - $1::interval`, heard)
}

// outageSize is how much happens in an outage.
type outageSize struct{ changes, ends, sales, busy, payouts int }

// happen has changes, deauthorizations, paid Checkouts and failed payouts happen, half of the first two without an event. One
// account is so busy that its events have several pages.
func (o *outage) happen(size outageSize) {
	o.t.Helper()
	began := time.Now()
	connected := o.ids[len(o.ends):]
	leave, stay := connected[:size.ends], connected[size.ends:]
	o.inParallel(size.changes, func(i int) (string, string) {
		body := fmt.Sprintf(`{"charges_enabled":%t,"business_profile":{"name":"Shop %d"}}`, i%5 != 0, i)
		return fmt.Sprintf("accounts/%s%s", stay[i%len(stay)], silentlyHalf(i)), body
	})
	for i := range size.sales {
		o.sell(connected[i%len(connected)])
	}
	for range size.busy {
		o.sell(stay[len(stay)-1])
	}
	o.announceSales()
	o.inParallel(size.payouts, func(i int) (string, string) {
		return "events", fmt.Sprintf(`{"type":"payout.failed","account":%q,"data":{"id":"po_%d"}}`, stay[i%len(stay)], i)
	})
	o.inParallel(size.ends, func(i int) (string, string) { return "accounts/" + leave[i] + "/deauthorize" + silentlyHalf(i), "{}" })
	for _, id := range leave {
		o.ends[id] = true
	}
	o.t.Logf("there were %d changes, %d deauthorizations, %d paid Checkouts, %d failed payouts (made in %v)",
		size.changes, size.ends, size.sales+size.busy, size.payouts, time.Since(began).Round(time.Millisecond))
}

func silentlyHalf(i int) string {
	if i%2 == 0 {
		return "?silent=1"
	}
	return ""
}

// sale is a Checkout that was paid on an account.
type sale struct{ account, session string }

func (o *outage) sell(account string) {
	o.sales = append(o.sales, sale{account, fmt.Sprintf("cs_%d", len(o.sales))})
}

// announceSales makes the events of what was sold since the last time, spread over the day.
func (o *outage) announceSales() {
	o.t.Helper()
	fresh := o.sales[o.announced:]
	o.announced = len(o.sales)
	o.inParallel(len(fresh), func(i int) (string, string) {
		at := time.Now().Add(-time.Duration(i%1400) * time.Minute)
		return "events", fmt.Sprintf(`{"type":"checkout.session.completed","account":%q,"created":%d,"id":"evt_%s","data":{"id":%q,
			"object":"checkout.session","payment_status":"paid","amount_total":4200,"currency":"eur","metadata":{"order":%q}}}`,
			fresh[i].account, at.Unix(), fresh[i].session, fresh[i].session, fresh[i].session)
	})
}

// inParallel says n things to the sandbox.
func (o *outage) inParallel(n int, order func(i int) (path, body string)) {
	o.t.Helper()
	const workers = 8
	var working sync.WaitGroup
	for w := range workers {
		working.Go(func() {
			for i := w; i < n && !o.t.Failed(); i += workers {
				path, body := order(i)
				res, err := http.Post(o.SandboxURL+"/sandbox/"+path, "application/json", strings.NewReader(body))
				if err != nil {
					o.t.Error(err)
					return
				}
				if text := walktest.Read(o.t, res); res.StatusCode != http.StatusOK {
					o.t.Errorf("%s: %s %s", path, res.Status, text)
				}
			}
		})
	}
	working.Wait()
	if o.t.Failed() {
		o.t.FailNow()
	}
}
