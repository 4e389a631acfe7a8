package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/postgres/proxytest"
	"github.com/connectd/connectd/internal/registry"
)

const (
	senders    = 16
	queueSize  = 8   // fewer than senders, so that some are answered 503
	deliveries = 400 // a second, by all senders together
)

// TestWhatWasAnsweredIsThereWhateverBefallsPostgres: while signed events keep coming, Postgres is cut off, stalls and is
// restarted. What was answered 200 is there, once, with its effect; what was not is delivered until it is.
func TestWhatWasAnsweredIsThereWhateverBefallsPostgres(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	o.keepSending(func() {
		o.suffer("cut off", o.proxy.Cut, o.proxy.Mend)
		o.suffer("stalled", o.proxy.Stall, o.proxy.Flow)
		o.suffer("restarted", o.server.stop, o.server.start)
	})
	o.pool.Reset()
	if o.unavailable.Load() == 0 {
		t.Error("no delivery was answered 503")
	}
	t.Logf("%d events were stored, %d deliveries answered 500, %d answered 503", o.stored.Load(), o.failed.Load(), o.unavailable.Load())
	o.holdAll()
}

// outage is a receiver whose way to Postgres can be troubled.
type outage struct {
	*receiver
	server *restartable
	proxy  *proxytest.Proxy
	sent   []int // of each sender: events that were answered 200
	pace   *rate.Limiter

	stored, failed, unavailable atomic.Int64 // deliveries answered 200, 500 and 503
	ended                       atomic.Bool
}

func newOutage(t *testing.T) *outage {
	server := &restartable{t: t, dir: filepath.Join(t.TempDir(), "postgres")}
	server.start()
	proxy := proxytest.New(t, server.server.URL())
	o := &outage{
		receiver: bareReceiver(t, openPool(t, proxy.URL()), func(cfg *registry.Config) { cfg.QueueSize = queueSize }),
		server:   server, proxy: proxy, sent: make([]int, senders), pace: rate.NewLimiter(deliveries, 1),
	}
	for i := range senders {
		o.grantAt(sellerOf(i), accountOf(i), time.Unix(firstSecond, 0))
	}
	o.serve(secret)
	return o
}

func sellerOf(sender int) string       { return fmt.Sprintf("s%d", sender) }
func accountOf(sender int) string      { return fmt.Sprintf("acct_%d", sender) }
func eventOf(sender, event int) string { return fmt.Sprintf("evt_%d_%d", sender, event) }

// chargesOffAt: each event of a sender turns what the one before had said.
func chargesOffAt(event int) bool { return event%2 == 0 }

func (o *outage) keepSending(meanwhile func()) {
	var sending sync.WaitGroup
	for i := range senders {
		sending.Go(func() { o.send(i) })
	}
	meanwhile()
	o.ended.Store(true)
	sending.Wait()
}

// send delivers one account's events in their order, each until it is stored, as Stripe does.
func (o *outage) send(sender int) {
	for event := 1; !o.ended.Load(); event++ {
		e := updated(eventOf(sender, event), fmt.Sprintf(`,"charges_enabled":%t,"payouts_enabled":true,"details_submitted":true`, !chargesOffAt(event)))
		e.Data.Object = []byte(fmt.Sprintf(`{"id":%q,%s`, accountOf(sender), e.Data.Object[len(`{"id":"acct_1",`):]))
		e.Account, e.Created = accountOf(sender), int64(firstSecond+event)
		for !o.deliverOnce(e.json(o.t)) {
		}
		o.sent[sender] = event
	}
}

func (o *outage) deliverOnce(body []byte) (stored bool) {
	if err := o.pace.Wait(context.Background()); err != nil {
		o.t.Error(err)
	}
	switch got := o.deliver(body); got.status {
	case http.StatusOK:
		o.stored.Add(1)
		return true
	case http.StatusServiceUnavailable:
		o.unavailable.Add(1)
	case http.StatusInternalServerError:
		o.failed.Add(1)
	default:
		o.t.Errorf("answered %d %s", got.status, got.body)
		o.ended.Store(true)
		return true
	}
	return false
}

// suffer lets Postgres be troubled while deliveries are being stored, until some have failed of it, and then until some
// are stored again.
func (o *outage) suffer(how string, begin, end func()) {
	o.waitForStored(3 * senders)
	failed := o.failed.Load()
	began := time.Now()
	begin()
	o.waitLong("a delivery to fail", func() bool { return o.failed.Load() > failed })
	end()
	o.waitForStored(3 * senders)
	o.t.Logf("%d deliveries were answered 500 in %v with Postgres %s", o.failed.Load()-failed, time.Since(began).Round(time.Millisecond), how)
}

func (o *outage) waitForStored(n int64) {
	from := o.stored.Load()
	o.waitLong(strconv.FormatInt(n, 10)+" events to be stored", func() bool { return o.stored.Load() >= from+n })
}

// waitLong waits for longer than a transaction, or a connection, may take.
func (o *outage) waitLong(what string, holds func() bool) {
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			o.ended.Store(true)
			o.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// holdAll: each event that was answered 200 is there and was applied, and made one change. There are no others.
func (o *outage) holdAll() {
	total := 0
	for sender, events := range o.sent {
		total += events
		o.wantLine(fmt.Sprintf("%d %d", events, events), `select count(*) || ' ' || count(distinct event_id) from account_changes
			where account_id = $1 and event_id is not null`, accountOf(sender))
		want := account.Enabled
		if chargesOffAt(events) {
			want = account.Restricted
		}
		o.wantStatus(sellerOf(sender), want)
	}
	o.wantLine(fmt.Sprintf("%d %d", total, total), `select count(*) || ' ' || count(*) filter (where outcome = 'applied') from stripe_events`)
	o.wantLine("0", `select position - (select count(*) from feed_entries) || '' from feed`)
}

func (o *outage) wantLine(want, sql string, args ...any) {
	o.t.Helper()
	var got string
	if err := o.pool.QueryRow(o.t.Context(), sql, args...).Scan(&got); err != nil {
		o.t.Fatal(err)
	}
	if got != want {
		o.t.Errorf("%s %v: %s, want %s", sql, args, got, want)
	}
}
