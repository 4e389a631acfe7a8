package webhook_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
)

// deliverAll delivers events by several workers at once, in their order.
func (r *receiver) deliverAll(workers int, events []stripeEvent) {
	r.t.Helper()
	queue := make(chan []byte, len(events))
	for _, e := range events {
		queue <- e.json(r.t)
	}
	close(queue)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for body := range queue {
				if got := r.deliver(body); got.status != http.StatusOK {
					r.t.Errorf("%d %s", got.status, got.body)
				}
			}
		})
	}
	group.Wait()
}

func TestTwoHundredCopiesAtOnceHaveOneEffect(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	for _, e := range []stripeEvent{updated("evt_1", works), happened("evt_2", "payout.failed", `{"id":"po_1"}`)} {
		copies := make([]stripeEvent, 200)
		for i := range copies {
			copies[i] = e
		}
		r.deliverAll(len(copies), copies)
	}
	for what, want := range map[string]int{
		"select count(*) from stripe_events where outcome = 'applied'": 2, "select count(*) from account_changes": 2,
		"select count(*) from river_job": 1, "select position from feed": 2,
	} {
		if n := r.count(what); n != want {
			t.Errorf("%s: %d, want %d", what, n, want)
		}
	}
	r.wantStatus("s1", account.Enabled)
}

// A history of an account, each event up to three times, in any order and by several workers, ends as its newest event says.
func TestShuffledHistoriesEndAlike(t *testing.T) {
	t.Parallel()
	const histories, length = 6, 20
	r := newReceiver(t)
	began := time.Now().Add(-30 * time.Minute).Unix()
	for i := range histories {
		seed := rand.Uint64()
		draw := rand.New(rand.NewPCG(seed, 0))
		seller, accountID := fmt.Sprintf("shuffled-%d", i), fmt.Sprintf("acct_shuffled%d", i)
		r.grant(seller, accountID)
		var events []stripeEvent
		newest := account.Restricted
		for second := range length {
			fields := works
			newest = account.Enabled
			if draw.IntN(2) == 0 {
				fields, newest = `,"charges_enabled":false,"payouts_enabled":true,"details_submitted":true`, account.Restricted
			}
			e := happened(fmt.Sprintf("evt_%d_%d", i, second), "account.updated", `{"id":"`+accountID+`"`+fields+`}`)
			e.Account, e.Created = accountID, began+int64(second)
			for range 1 + draw.IntN(3) {
				events = append(events, e)
			}
		}
		draw.Shuffle(len(events), func(a, b int) { events[a], events[b] = events[b], events[a] })
		r.deliverAll(8, events)
		if got := r.status(seller); got != string(newest) {
			t.Errorf("seed %d: %s, want %s", seed, got, newest)
		}
	}
	if n := r.count("select count(*) from stripe_events"); n != histories*length {
		t.Errorf("%d events are kept", n)
	}
	if n := r.count("select count(*) from stripe_events where outcome = 'stale'"); n == 0 {
		t.Error("no event was stale: nothing was shuffled")
	}
}
