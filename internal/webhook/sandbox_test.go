package webhook_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/sandbox"
)

// sandboxed is the account at the sandbox that seller s1 has connected.
const sandboxed = "acct_1sandboxed"

// fed is a receiver to which a sandbox delivers events.
type fed struct {
	*receiver
	box *sandbox.Sandbox
}

func newFed(t *testing.T) fed {
	t.Helper()
	box, err := sandbox.Start(t.Context(), sandbox.Config{RetryDelay: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	f := fed{bareReceiver(t, postgrestest.Pool(t)), box}
	f.serve(another, f.endpoint("http://127.0.0.1:1"))
	f.endpoint(f.url)
	f.control("accounts", `{"id":"`+sandboxed+`","persona":"complete"}`)
	f.grant("s1", sandboxed)
	return f
}

// endpoint has the sandbox deliver to url, and answers the signing secret, which stays.
func (f fed) endpoint(url string) (secret string) {
	f.t.Helper()
	secret, err := f.box.EnsureWebhookEndpoint(f.t.Context(), sandbox.WebhookEndpoint{
		URL: url, Connect: true, EnabledEvents: []string{"*"}, Description: "connectd",
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return secret
}

func (f fed) control(path, body string) {
	f.t.Helper()
	res, err := http.Post(f.box.URL()+"/sandbox/"+path, "application/json", strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		f.t.Fatalf("%s %s: %s %s", path, body, res.Status, answer)
	}
}

// change changes the account at Stripe, in a second of its own: events of one second have no order.
func (f fed) change(patch string) {
	f.t.Helper()
	f.control("clock", `{"advance":"2s"}`)
	f.control("accounts/"+sandboxed, patch)
}

// becomes waits until the seller has the status, and answers how long that took.
func (f fed) becomes(want account.Status) time.Duration {
	f.t.Helper()
	return f.waitFor("the seller to be "+string(want), func() bool { return f.status("s1") == string(want) })
}

func TestChangeAtStripeReachesTheRow(t *testing.T) {
	t.Parallel()
	f := newFed(t)
	f.change(`{"charges_enabled":false}`)
	t.Logf("charges off: known after %s", f.becomes(account.Restricted))
	f.change(`{"charges_enabled":true}`)
	t.Logf("charges on: known after %s", f.becomes(account.Enabled))
	f.control("clock", `{"advance":"2s"}`)
	f.control("accounts/"+sandboxed+"/deauthorize", "")
	t.Logf("deauthorized: known after %s", f.becomes(account.Disconnected))
	var reason string
	err := f.pool.QueryRow(t.Context(), "select disconnect_reason from accounts where id = $1", sandboxed).Scan(&reason)
	if err != nil || reason != "deauthorized" {
		t.Errorf("disconnected as %q, %v", reason, err)
	}
}

func TestEventsThatComeTwiceAndNewestFirst(t *testing.T) {
	t.Parallel()
	f := newFed(t)
	f.control("delivery", `{"mode":"hold"}`)
	f.change(`{"charges_enabled":false}`)
	f.change(`{"charges_enabled":true}`)
	f.control("delivery", `{"mode":"reverse"}`)
	f.waitFor("both events", func() bool { return f.count("select count(*) from stripe_events") == 2 })
	f.wantStatus("s1", account.Enabled)
	if n := f.count("select count(*) from stripe_events where outcome = 'stale'"); n != 1 {
		t.Errorf("%d events are stale, want the older one", n)
	}

	f.control("delivery", `{"mode":"duplicate"}`)
	f.change(`{"payouts_enabled":false}`)
	f.becomes(account.Restricted)
	f.change(`{"payouts_enabled":true}`)
	f.becomes(account.Enabled)
	if n := f.count("select count(*) from account_changes"); n != 4 {
		t.Errorf("%d changes, want those of the grant and of three events that were applied", n)
	}
}

func TestChangeDuringAnOutageIsNotLost(t *testing.T) {
	t.Parallel()
	f := newFed(t)
	open := f.shut()
	f.change(`{"charges_enabled":false}`)
	f.waitFor("a delivery to be refused", func() bool { return f.refused.Load() > 0 })
	open()
	t.Logf("known %s after the outage", f.becomes(account.Restricted))
}

func TestOtherEventsOfStripesAreIgnored(t *testing.T) {
	t.Parallel()
	f := newFed(t)
	f.control("events", `{"type":"payout.paid","account":"`+sandboxed+`","data":{"id":"po_1","object":"payout"},"id":"evt_1payout"}`)
	f.control("events", `{"type":"account.updated","account":"acct_1stranger","data":{"id":"acct_1stranger","object":"account"},"id":"evt_1stranger"}`)
	f.control("events", `{"type":"account.updated","account":"`+sandboxed+`","data":{"id":"`+sandboxed+`"},"livemode":true,"id":"evt_1live"}`)
	f.waitFor("all events", func() bool { return f.count("select count(*) from stripe_events where outcome = 'ignored'") == 3 })
	f.wantStatus("s1", account.Incomplete)
}
