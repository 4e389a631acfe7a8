package notify_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/notify"
)

// TestWhatIsDeliveredAtOnceChangesNothingIndexed, so that Postgres moves no row of an index for it (HOT): a delivery's usual
// attempt changes these columns alone.
func TestWhatIsDeliveredAtOnceChangesNothingIndexed(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	n := s.count(`select count(*) from pg_index i join pg_attribute a on a.attrelid = i.indrelid
		where i.indrelid = 'deliveries'::regclass and a.attname in ('state', 'attempts', 'tries', 'round', 'next_attempt_at')
			and (a.attnum = any(i.indkey) or pg_get_indexdef(i.indexrelid) ~ ('\m' || a.attname || '\M'))`)
	if n > 0 {
		t.Errorf("%d columns of an index change", n)
	}
}

// TestDeliveriesAreFoundByWhatBecameOfThem: a page after the other, all that the filter takes are found, once, the newest first.
func TestDeliveriesAreFoundByWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	first, second := s.endpoint("https://shop.example.com/1"), s.endpoint("https://shop.example.com/2")
	// Of 600 deliveries a few are in trouble, and the newest were never tried.
	s.exec(`insert into deliveries (id, endpoint_id, event_id, type, account_id, body, state, trouble, failed_at, created_at)
		select 'dlv_' || lpad(i::text, 6, '0'), case when i % 3 = 0 then $1 else $2 end, 'msg_' || i / 2,
			case when i % 5 = 0 then 'scan.finished' else 'seller.connected' end, case when i % 5 <> 0 then 'acct_' || i % 7 end, '{}',
			case when i > 580 or i % 11 = 0 then 'pending' when i % 13 = 0 then 'failed' else 'delivered' end,
			case when i > 580 then null when i % 11 = 0 then 'waiting' when i % 13 = 0 then 'failed' end,
			case when i % 13 = 0 then now() end, now()
		from generate_series(1, 600) i`, first.ID, second.ID)
	for name, q := range map[string]notify.DeliveryQuery{
		"all":                       {},
		"to one endpoint":           {EndpointID: first.ID},
		"failed":                    {State: "failed"},
		"failed, to one":            {State: "failed", EndpointID: second.ID},
		"failed, of a type":         {State: "failed", Type: notify.ScanFinished},
		"pending":                   {State: "pending"},
		"pending, to one":           {State: "pending", EndpointID: first.ID, Type: notify.SellerConnected},
		"delivered":                 {State: "delivered"},
		"of a type":                 {Type: notify.ScanFinished},
		"of a type, to one":         {Type: notify.ScanFinished, EndpointID: first.ID},
		"about an account":          {AccountID: "acct_3"},
		"about an account, failed":  {AccountID: "acct_3", State: "failed"},
		"about an account, to one":  {AccountID: "acct_3", EndpointID: first.ID},
		"of an event":               {EventID: "msg_6"},
		"of an event, to one":       {EventID: "msg_6", EndpointID: first.ID},
		"of an event, none of them": {EventID: "msg_6", State: "pending", Type: notify.SellerConnected, AccountID: "acct_9"},
		"never sent":                {Type: notify.CheckoutPaid},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(s.wanted(t, q), s.paged(t, q), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// wanted are the ids of the deliveries that the filter takes, newest first.
func (s *stage) wanted(t *testing.T, q notify.DeliveryQuery) []string {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), `select id from deliveries where ($1 = '' or endpoint_id = $1) and ($2 = '' or account_id = $2)
		and ($3 = '' or event_id = $3) and ($4 = '' or state = $4) and ($5 = '' or type = $5) order by id desc`,
		q.EndpointID, q.AccountID, q.EventID, q.State, q.Type)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func (s *stage) paged(t *testing.T, q notify.DeliveryQuery) (ids []string) {
	t.Helper()
	q.Limit = 7
	for {
		page, err := s.endpoints.Find(t.Context(), q)
		if err != nil || len(page.Deliveries) > 7 {
			t.Fatalf("%d, %v", len(page.Deliveries), err)
		}
		for _, d := range page.Deliveries {
			ids = append(ids, d.ID)
		}
		if q.Before = page.Next; q.Before == "" {
			return ids
		}
	}
}

// TestASearchAmongVeryManyDeliveriesGoesOn: a page looks at so many, and says where it ended.
func TestASearchAmongVeryManyDeliveriesGoesOn(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	e := s.endpoint("https://shop.example.com/")
	s.exec(`insert into deliveries (id, endpoint_id, event_id, type, body, state, created_at)
		select 'dlv_' || lpad(i::text, 6, '0'), $1, 'msg_' || i, case when i = 10 then 'scan.finished' else 'seller.connected' end, '{}',
			'delivered', now() from generate_series(1, 3000) i`, e.ID)
	q := notify.DeliveryQuery{Type: notify.ScanFinished, Limit: 50}
	page, err := s.endpoints.Find(t.Context(), q)
	if err != nil || len(page.Deliveries) != 0 || page.Next == "" || page.Searched == 0 {
		t.Fatalf("%+v, %v", page, err)
	}
	q.Before = page.Next
	page, err = s.endpoints.Find(t.Context(), q)
	if err != nil || len(page.Deliveries) != 1 || page.Next != "" || page.Searched != 0 {
		t.Errorf("%+v, %v", page, err)
	}
}

// TestWhatIsStillToBeMadeIsFoundBehindWhatAnotherEndpointTook: that one hangs is when people look.
func TestWhatIsStillToBeMadeIsFoundBehindWhatAnotherEndpointTook(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	slow, quick := s.endpoint("https://shop.example.com/slow"), s.endpoint("https://shop.example.com/quick")
	s.exec(`insert into deliveries (id, endpoint_id, event_id, type, body, state, created_at)
		select 'dlv_' || lpad(i::text, 6, '0'), case when i <= 300 then $1 else $2 end, 'msg_' || i, 'seller.connected', '{}',
			case when i <= 300 then 'pending' else 'delivered' end, now() from generate_series(1, 3000) i`, slow.ID, quick.ID)
	q := notify.DeliveryQuery{State: "pending"}
	if diff := cmp.Diff(s.wanted(t, q), s.paged(t, q)); diff != "" {
		t.Error(diff)
	}
}

// TestTheVersionBeforeLeavesNothingUnseen while it runs beside this one: it knows of no trouble.
func TestTheVersionBeforeLeavesNothingUnseen(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	e := s.endpoint("https://shop.example.com/1")
	s.exec(`insert into deliveries (id, endpoint_id, event_id, type, body, state, trouble, failed_at, created_at) values
		('dlv_1', $1, 'msg_1', 'seller.connected', '{}', 'pending', 'waiting', null, now()),
		('dlv_2', $1, 'msg_2', 'seller.connected', '{}', 'pending', null, null, now()),
		('dlv_3', $1, 'msg_3', 'seller.connected', '{}', 'pending', null, null, now()),
		('dlv_4', $1, 'msg_4', 'seller.connected', '{}', 'failed', 'failed', now(), now())`, e.ID)
	s.exec(`update deliveries set tries = 1, state = 'delivered' where id = 'dlv_1'`)
	s.exec(`update deliveries set tries = 12, state = 'failed', attempts = '[{"at":"2026-03-01T12:00:00Z"}]' where id = 'dlv_2'`)
	s.exec(`update deliveries set tries = 1, attempts = '[{"at":"2026-03-01T12:00:00Z"}]' where id = 'dlv_3'`)
	s.exec(`update deliveries set state = 'pending', round = round + 1, tries = 0 where id = 'dlv_4'`) // sent again
	for _, state := range notify.States() {
		q := notify.DeliveryQuery{State: state}
		if diff := cmp.Diff(s.wanted(t, q), s.paged(t, q)); diff != "" {
			t.Errorf("%s: %s", state, diff)
		}
	}
	if n := s.count(`select count(*) from deliveries where trouble = 'waiting' and id in ('dlv_3', 'dlv_4')
		or trouble = 'failed' and id = 'dlv_2' and failed_at = '2026-03-01T12:00:00Z' or trouble is null and id = 'dlv_1'`); n != 4 {
		t.Errorf("%d of 4 are kept as they are", n)
	}
	if n := s.count(`select count(*) from deliveries where failed_at is not null`); n != 1 {
		t.Errorf("%d have failed", n)
	}
}

func TestWhatIsNoFilterIsRefused(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, q := range []notify.DeliveryQuery{{State: "lost", Limit: 1}, {Type: "seller.gone", Limit: 1}} {
		if _, err := s.endpoints.Find(t.Context(), q); account.KindOf(err) != account.Invalid {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if _, _, err := s.endpoints.Delivery(t.Context(), "dlv_none"); account.KindOf(err) != account.NotFound {
		t.Errorf("%v", err)
	}
	if _, err := s.endpoints.HealthOf(t.Context(), "ep_none"); account.KindOf(err) != account.NotFound {
		t.Errorf("%v", err)
	}
}

// TestHealthSaysHowAnEndpointDoes, from the attempts that were made.
func TestHealthSaysHowAnEndpointDoes(t *testing.T) {
	t.Parallel()
	s := newStubborn(t)
	r := newReceiver(t)
	e := s.listen(r)
	if h := s.health(e.ID); h.Waiting != 0 || h.WaitingSince != nil || h.AnsweredAt != nil || h.FailingSince != nil {
		t.Errorf("nothing was sent: %+v", h)
	}
	sent, err := s.endpoints.Send(t.Context(), e.ID, by)
	if err != nil {
		t.Fatal(err)
	}
	if h := s.health(e.ID); h.Waiting != 1 || h.WaitingSince == nil {
		t.Errorf("it was never tried: %+v", h)
	}
	r.answering(refusing)
	r.skipTime()
	if err := s.attempt(sent.ID); err == nil {
		t.Fatal("it was delivered")
	}
	if h := s.health(e.ID); h.Waiting != 1 || h.FailingSince == nil || h.LastFailure != "answered 500" || h.AnsweredAt != nil || h.Failed != 0 {
		t.Errorf("it waits for another attempt: %+v", h)
	}
	s.exhaust(e, sent.ID)
	if h := s.health(e.ID); h.Waiting != 0 || h.Failed != 1 {
		t.Errorf("it has failed: %+v", h)
	}
	s.clock.advance(25 * time.Hour)
	if h := s.health(e.ID); h.Failed != 0 {
		t.Errorf("that was yesterday: %+v", h)
	}
	r.answering(nil)
	if _, err := s.endpoints.Redeliver(t.Context(), sent.ID, by); err != nil {
		t.Fatal(err)
	}
	if h := s.health(e.ID); h.Waiting != 1 {
		t.Errorf("somebody asked for it: %+v", h)
	}
	if err := s.attempt(sent.ID); err != nil {
		t.Fatal(err)
	}
	h := s.health(e.ID)
	if h.Waiting != 0 || h.FailingSince != nil || h.LastFailure != "" || h.AnsweredAt == nil {
		t.Errorf("it works: %+v", h)
	}
	all, err := s.endpoints.Health(t.Context())
	if diff := cmp.Diff([]notify.Health{h}, all); diff != "" || err != nil {
		t.Errorf("%s, %v", diff, err)
	}
	if n := s.count("select count(*) from audit where action = 'test_endpoint' and subject = $1", e.ID); n != 1 {
		t.Errorf("the test was written down %d times", n)
	}
}

func (s *stage) health(id string) notify.Health {
	s.t.Helper()
	h, err := s.endpoints.HealthOf(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}
