package selling_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/selling"
	"github.com/connectd/connectd/sandboxtest"
)

const sessions = "/v1/checkout/sessions"

// TestAPaidSessionIsToldWithItsFee, which neither Stripe's session nor its event has.
func TestAPaidSessionIsToldWithItsFee(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	sale := clay(4200)
	percent := selling.Percent(1500)
	sale.Percent = &percent
	made := s.sell(s1, sale)
	s.box.DeliverIn(sandboxtest.Duplicate, 0)
	told := s.pay(made.ID)
	if len(told) != 1 || told[0].Readiness.SellerID != "s1" {
		t.Fatalf("told %+v", told)
	}
	told[0].Readiness = client.Readiness{}
	amount, fee, order := int64(4200), int64(630), "order-7"
	if diff := cmp.Diff(client.PaidCheckout{
		SellerID: "s1", AccountID: s.account, SessionID: made.ID, AmountTotal: &amount, Currency: "eur", ApplicationFeeAmount: &fee,
		Metadata: map[string]string{"order": "7", "userId": "s1"}, ClientReferenceID: &order,
	}, told[0]); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// TestOnlyAFeeOfOursIsTold: a seller can make sessions too, and say in them whatever they like.
func TestOnlyAFeeOfOursIsTold(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	ours := s.sell(s1, clay(4200))
	amount := int64(4200)
	theirs := s.box.Pay(sandboxtest.Checkout{
		Account: s.account, Amount: &amount, Currency: "eur", Metadata: map[string]string{"application_fee_amount": "4200", "userId": "s2"},
	})
	s.toldOf(theirs)
	for _, sale := range s.pay(ours.ID) {
		if sale.ApplicationFeeAmount != nil || sale.SellerID != "s1" {
			t.Errorf("told %+v", sale)
		}
	}
}

// TestNoSessionIsHandedOutWhoseFeeIsNotKept: the same request gets it once the database takes the fee.
func TestNoSessionIsHandedOutWhoseFeeIsNotKept(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	by := selling.By{SellerID: "s1", IdempotencyKey: "order-7"}
	sale, fee := clay(4200), int64(0)
	sale.Fee = &fee
	s.exec("alter table checkout_fees rename to away")
	made, err := s.selling.Checkout(t.Context(), by, sale)
	if err == nil {
		t.Fatalf("handed out %s", made.ID)
	}
	s.exec("alter table away rename to checkout_fees")
	first, second := s.sell(by, sale), s.sell(by, sale)
	if first.ID != second.ID || s.asked(sessions) != 3 {
		t.Errorf("%d requests made %s and %s", s.asked(sessions), first.ID, second.ID)
	}
	if told := s.pay(first.ID); len(told) != 1 || told[0].ApplicationFeeAmount == nil || *told[0].ApplicationFeeAmount != 0 {
		t.Errorf("told %+v, want a fee of 0", told)
	}
}

// TestTheCallersMetadataIsTheirs: what is marked is a copy.
func TestTheCallersMetadataIsTheirs(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	mine := map[string]string{"userId": "s2", "order": "7"}
	given := maps.Clone(mine)
	sale := clay(100)
	sale.Metadata, sale.LineItems[0].PriceData.ProductData.Metadata = given, given
	made := s.sell(s1, sale)
	if !maps.Equal(mine, given) {
		t.Errorf("changed to %v", given)
	}
	var object struct{ Metadata map[string]string }
	if err := json.Unmarshal(made.Object, &object); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"userId": "s1", "order": "7"}, object.Metadata); diff != "" {
		t.Error(diff)
	}
}

// TestAStaleVerdictIsNoYesWherePolicySaysSo: what was not checked for too long is judged at the moment of the sale.
func TestAStaleVerdictIsNoYesWherePolicySaysSo(t *testing.T) {
	t.Parallel()
	var ahead time.Duration
	var mu sync.Mutex
	s := newShop(t, func(cfg *registry.Config) {
		cfg.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return time.Now().Add(ahead)
		}
	})
	s.sell(s1, clay(100))
	mu.Lock()
	ahead = 36 * 24 * time.Hour
	mu.Unlock()
	s.sell(s1, clay(100)) // the policy that there is minds no age
	denying := account.DefaultPolicy()
	denying.DenyWhenStale = true
	if _, err := s.registry.ApplyPolicy(t.Context(), denying, 1, account.Actor{Name: "a test"}); err != nil {
		t.Fatal(err)
	}
	_, err := s.selling.Checkout(t.Context(), s1, clay(100))
	refused, ok := errors.AsType[*selling.CannotTransact](err)
	if !ok || len(refused.Reasons) == 0 || refused.Reasons[0].Code != string(account.CodeStale) {
		t.Fatalf("%v: %+v", err, refused)
	}
	if n := s.asked(sessions); n != 2 {
		t.Errorf("Stripe was asked %d times", n)
	}
}

// TestOneKeyIsOneSessionHoweverManyAskAtOnce.
func TestOneKeyIsOneSessionHoweverManyAskAtOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	sale, fee := clay(4200), int64(630)
	sale.Fee = &fee
	made := make([]string, 10)
	var asking sync.WaitGroup
	for i := range made {
		asking.Go(func() {
			session, err := s.selling.Checkout(t.Context(), selling.By{SellerID: "s1", IdempotencyKey: "order-7"}, sale)
			if made[i] = session.ID; err != nil {
				t.Error(err)
			}
		})
	}
	asking.Wait()
	if ids := slices.Compact(made); len(ids) != 1 {
		t.Errorf("sessions %v", ids)
	}
}

// TestManySellAtOnce: each request that was answered with a session made one, and each fee is its own session's.
func TestManySellAtOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const n = 20
	var selling sync.WaitGroup
	var mu sync.Mutex
	fees := map[string]int64{}
	for i := range n {
		selling.Go(func() {
			sale, fee := clay(4200), int64(i)
			sale.Fee = &fee
			made, err := s.selling.Checkout(t.Context(), s1, sale)
			mu.Lock()
			defer mu.Unlock()
			fees[made.ID] = fee
			if err != nil {
				t.Error(err)
			}
		})
	}
	selling.Wait()
	kept := map[string]int64{}
	rows, err := s.pool.Query(t.Context(), "select session_id, application_fee_amount from checkout_fees")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var id string
		var fee int64
		if err := rows.Scan(&id, &fee); err != nil {
			t.Fatal(err)
		}
		kept[id] = fee
	}
	if diff := cmp.Diff(fees, kept); diff != "" || len(kept) != n {
		t.Error(diff)
	}
}
