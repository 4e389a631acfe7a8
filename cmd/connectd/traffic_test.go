package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/waittest"
)

const (
	trafficSenders = 6 // of webhooks, each of an account of its own
	trafficReaders = 2
	trafficChecked = 20 // accounts that the scan goes over again and again
)

// traffic is all that comes to processes of one database: signed events, questions, checks that are due, and a receiver of what
// they tell. Each webhook changes its account. What is not answered 200 is delivered again, as Stripe does.
type traffic struct {
	*told
	key   string
	began time.Time
	sent  [trafficSenders]int // events that were answered 200

	serving sync.RWMutex // held while a request is under way
	to      []string
	stored  sync.Map // webhooks answered 200, by who did: *atomic.Int64
	reads   atomic.Int64
	refused atomic.Int64 // requests that were not answered 200
	lost    atomic.Int64 // of these, those that were not told to come again
}

func newTraffic(t *testing.T) *traffic {
	t.Helper()
	return &traffic{told: newTold(t, trafficSenders+trafficChecked), began: time.Now().Add(time.Hour)}
}

// lead has requests go to these from now on. Once it returns none is under way to another.
func (f *traffic) lead(bases ...string) {
	f.serving.Lock()
	defer f.serving.Unlock()
	f.to = bases
}

func (f *traffic) storedBy(base string) *atomic.Int64 {
	n, _ := f.stored.LoadOrStore(base, &atomic.Int64{})
	return n.(*atomic.Int64)
}

// begin starts all traffic; end waits until none is under way.
func (f *traffic) begin() (end func()) {
	stop := make(chan struct{})
	var running sync.WaitGroup
	for i := range f.sent {
		running.Go(func() { until(stop, func() { f.deliver(i); f.rest() }) })
	}
	for range trafficReaders {
		running.Go(func() { until(stop, func() { f.read(); f.rest() }) })
	}
	running.Go(func() { until(stop, func() { f.fallDue(); f.rest() }) })
	return func() { close(stop); running.Wait() }
}

// deliver delivers a sender's next event.
func (f *traffic) deliver(sender int) {
	n := f.sent[sender] + 1
	body := fmt.Appendf(nil, `{"id":%q,"object":"event","type":"account.updated","account":%q,"created":%d,"livemode":false,"data":{"object":
		{"id":%[2]q,"object":"account","charges_enabled":%[4]t,"payouts_enabled":true,"details_submitted":true}}}`,
		eventID(sender, n), f.fleet.ids[sender], f.began.Unix()+int64(n), n%2 == 1)
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: "whsec_fleet"})
	base, status, text := f.ask(http.MethodPost, "/api/connectWebhook", body, http.Header{"Stripe-Signature": {signed.Header}})
	if status != http.StatusOK {
		f.refuse("a webhook", base, status, text)
		return
	}
	f.sent[sender] = n
	f.storedBy(base).Add(1)
}

func (f *traffic) read() {
	seller := fmt.Sprintf("s%d", rand.IntN(len(f.fleet.ids)))
	paths := []string{"/v1/sellers/" + seller + "/readiness", "/v1/accounts?limit=20", "/v1/accounts?q=s1&limit=5", "/v1/scans", "/v1/events?limit=5"}
	base, status, text := f.ask(http.MethodGet, paths[rand.IntN(len(paths))], nil, http.Header{"Authorization": {"Bearer " + f.key}})
	if status != http.StatusOK {
		f.refuse("a question", base, status, text)
		return
	}
	f.reads.Add(1)
}

// ask makes a request of one of those who serve; without an answer the status is 0.
func (f *traffic) ask(method, path string, body []byte, header http.Header) (base string, status int, text string) {
	f.serving.RLock()
	defer f.serving.RUnlock()
	base = f.to[rand.IntN(len(f.to))]
	req, err := http.NewRequestWithContext(f.t.Context(), method, base+path, bytes.NewReader(body))
	if err != nil {
		return base, 0, err.Error()
	}
	req.Header = header
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return base, 0, err.Error()
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return base, 0, err.Error()
	}
	return base, res.StatusCode, string(answer)
}

func (f *traffic) refuse(what, base string, status int, text string) {
	if status < http.StatusInternalServerError {
		f.lost.Add(1)
	}
	if f.refused.Add(1) <= 5 {
		f.t.Logf("%s at %s: %d %s", what, base, status, text)
	}
}

// fallDue has the scan's accounts fall due once each of them was checked.
func (f *traffic) fallDue() {
	ids := f.fleet.ids[trafficSenders:]
	_, err := f.pool.Exec(f.t.Context(), `update accounts set next_check_at = now() - interval '1 minute', claimed_until = null
		where id = any($1) and not exists (select from accounts where id = any($1) and next_check_at < now() + interval '1 day')`, ids)
	if err != nil {
		f.t.Error(err)
	}
}

// rest leaves some of the machine to those who are asked.
func (f *traffic) rest() { pass(f.t.Context(), rand.New(rand.NewPCG(1, 2)), time.Millisecond) }

func (f *traffic) checks() int {
	return ask[int](f.fleet, "select coalesce(sum(checked), 0)::int from scans")[0]
}

// progress waits until each of those who serve has stored so many more webhooks, and the scan has checked more accounts.
func (f *traffic) progress(each int64) {
	f.t.Helper()
	before, checks, reads := map[string]int64{}, f.checks(), f.reads.Load()
	for _, base := range f.to {
		before[base] = f.storedBy(base).Load()
	}
	waittest.Within(f.t, 4*time.Minute, "webhooks stored by each, checks and answers", func() bool {
		for base, n := range before {
			if f.storedBy(base).Load() < n+each {
				return false
			}
		}
		return f.reads.Load() > reads+each && f.checks() > checks
	})
}

// holdAll: what was answered 200 is there, with its one effect, in a feed without a gap, and was told once.
func (f *traffic) holdAll() {
	f.t.Helper()
	var want []string
	for sender, n := range f.sent {
		for i := 1; i <= n; i++ {
			want = append(want, eventID(sender, i))
		}
	}
	if got := ask[int](f.fleet, "select count(*) from stripe_events where id = any($1) and outcome = 'applied'", want)[0]; got != len(want) {
		f.t.Errorf("%d webhooks were answered 200: %d are there", len(want), got)
	}
	// One whose account a check has just brought to the same changes nothing more.
	changed := ask[int](f.fleet, "select count(*) from account_changes where event_id = any($1)", want)[0]
	if distinct := ask[int](f.fleet, "select count(distinct event_id) from account_changes")[0]; distinct != changed || changed < len(want)*9/10 {
		f.t.Errorf("%d webhooks made %d changes, by %d of them", len(want), changed, distinct)
	}
	if gaps := ask[int64](f.fleet, `select position - (select count(*) from feed_entries where kind in ('change', 'check')) from feed`)[0]; gaps != 0 {
		f.t.Errorf("%d positions are missing", gaps)
	}
	f.holdTold()
}

// holdTold waits until each change that the endpoint is to hear of has come, those too that checks still make.
func (f *traffic) holdTold() {
	f.t.Helper()
	waittest.Within(f.t, 4*time.Minute, "every change to be told", func() bool {
		came := f.came()
		untold := slices.DeleteFunc(ask[string](f.fleet, `select c.position || ' ' || coalesce(d.type, '') from account_changes c
			left join deliveries d on d.body::json->>'sequence' = c.position::text and d.type like 'seller.%'
			where c.position > (select after_position from event_endpoints)`), func(change string) bool { return len(came[change]) > 0 })
		return len(untold) == 0
	})
	for change, ids := range f.came() {
		if len(slices.Compact(ids)) != 1 && strings.Contains(change, " seller.") {
			f.t.Errorf("change %s came as %v", change, ids)
		}
	}
	const twice = `select count(*) from (select from deliveries where type like 'seller.%' group by body::json->>'sequence' having count(*) > 1) t`
	if n := ask[int](f.fleet, twice)[0]; n != 0 {
		f.t.Errorf("%d changes were told twice", n)
	}
}

// createKey makes an API key of all scopes.
func (f *traffic) createKey(env []string) {
	f.t.Helper()
	args := []string{"keys", "create", "--name", "traffic"}
	for _, scope := range []string{"readiness:read", "accounts:read", "accounts:write", "events:write", "onboarding:write"} {
		args = append(args, "--scope", scope)
	}
	key, words, code := connectd(f.t, env, args...)
	if code != 0 {
		f.t.Fatal(words)
	}
	f.key = key[:len(key)-1]
}

// hear makes the endpoint that is told of changes.
func (f *traffic) hear() {
	f.t.Helper()
	address := f.receiver()
	base, status, text := f.ask(http.MethodPost, "/v1/event-endpoints", []byte(`{"url":"`+address+`"}`), http.Header{"Authorization": {"Bearer " + f.key}})
	var made client.EventEndpoint
	if status != http.StatusCreated || json.Unmarshal([]byte(text), &made) != nil {
		f.t.Fatalf("%s: %d %s", base, status, text)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.secret = made.Secret
}
