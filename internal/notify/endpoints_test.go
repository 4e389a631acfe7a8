package notify_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/migrations"
)

// migrate takes this package's migrations back and makes them again.
func (s *stage) migrate(t *testing.T) {
	t.Helper()
	conn, err := sql.Open("pgx", s.pool.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	provider, err := goose.NewProvider(goose.DialectPostgres, conn, migrations.FS)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.DownTo(t.Context(), 19); err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestAnEndpointShowsItsSecretOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	made := s.endpoint("https://shop.example.com/events", notify.ScanFinished, notify.CheckoutPaid, notify.ScanFinished)
	if _, err := standardwebhooks.NewWebhook(made.Secret); err != nil || !strings.HasPrefix(made.Secret, "whsec_") || len(made.Secret) < 38 {
		t.Errorf("%q, %v", made.Secret, err)
	}
	if fmt.Sprint(made.Types) != "[scan.finished checkout.paid]" || !strings.HasPrefix(made.ID, "ep_") || made.DisabledAt != nil {
		t.Errorf("%+v", made)
	}
	got, err := s.endpoints.Get(t.Context(), made.ID)
	if err != nil || got.Secret != "" || got.URL != made.URL {
		t.Errorf("%+v, %v", got, err)
	}
	listed, next, err := s.endpoints.List(t.Context(), "", 10)
	if err != nil || next != "" || len(listed) != 1 || listed[0].Secret != "" {
		t.Errorf("%+v, %v", listed, err)
	}
}

func TestEndpointsAndDeliveriesAreListedInPagesNewestFirst(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	var made []client.EventEndpoint
	for i := range 5 {
		made = append(made, s.endpoint(fmt.Sprintf("https://shop.example.com/%d", i)))
		s.clock.advance(time.Second)
	}
	var got []string
	for cursor := ""; ; {
		page, next, err := s.endpoints.List(t.Context(), cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			got = append(got, e.ID)
		}
		if cursor = next; next == "" {
			break
		}
	}
	if len(got) != 5 || got[0] != made[4].ID || got[4] != made[0].ID {
		t.Errorf("%v", got)
	}
	e := made[0]
	for range 3 {
		if _, err := s.endpoints.Send(t.Context(), e.ID, by); err != nil {
			t.Fatal(err)
		}
	}
	first, next, err := s.endpoints.Deliveries(t.Context(), e.ID, "", 2)
	if err != nil || len(first) != 2 || next == "" {
		t.Fatalf("%+v, %q, %v", first, next, err)
	}
	second, end, err := s.endpoints.Deliveries(t.Context(), e.ID, next, 2)
	if err != nil || len(second) != 1 || end != "" || second[0].ID >= first[1].ID {
		t.Errorf("%+v, %q, %v", second, end, err)
	}
	if _, _, err := s.endpoints.Deliveries(t.Context(), made[1].ID, next, 2); account.KindOf(err) != account.Invalid {
		t.Errorf("another endpoint's cursor: %v", err)
	}
	if _, _, err := s.endpoints.Deliveries(t.Context(), "ep_none", "", 2); account.KindOf(err) != account.NotFound {
		t.Errorf("%v", err)
	}
}

func TestUnknownTypesAreRefused(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	_, err := s.endpoints.Create(t.Context(), notify.EndpointParams{URL: "https://shop.example.com/", Types: []string{"seller.connected", "test"}})
	if account.KindOf(err) != account.Invalid {
		t.Errorf("%v", err)
	}
}

func TestWhatIsDoneToEndpointsIsWrittenDown(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	made, err := s.endpoints.Create(t.Context(), notify.EndpointParams{URL: "https://shop.example.com/", By: by})
	if err != nil {
		t.Fatal(err)
	}
	for _, do := range []func() error{
		func() error { _, err := s.endpoints.Rotate(t.Context(), made.ID, by); return err },
		func() error { _, err := s.endpoints.Enable(t.Context(), made.ID, by); return err },
		func() error { return s.endpoints.Delete(t.Context(), made.ID, by) },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
		if err := do(); made.ID == "" || err != nil && account.KindOf(err) != account.NotFound {
			t.Fatal(err)
		}
	}
	n := s.count("select count(*) from audit where subject = $1 and actor = 'key_1' and host(address::inet) = '192.0.2.1'", made.ID)
	if n != 6 {
		t.Errorf("%d acts", n)
	}
	for _, action := range []string{"create_endpoint", "rotate_endpoint", "enable_endpoint", "delete_endpoint"} {
		if s.count("select count(*) from audit where subject = $1 and action = $2", made.ID, action) == 0 {
			t.Errorf("%s was not written down", action)
		}
	}
}

func TestThereAreAtMostAHundredEndpoints(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for i := range 100 {
		s.endpoint(fmt.Sprintf("https://shop.example.com/%d", i))
	}
	if _, err := s.endpoints.Create(t.Context(), notify.EndpointParams{URL: "https://shop.example.com/"}); account.KindOf(err) != account.Conflict {
		t.Errorf("%v", err)
	}
}

func TestADeletedEndpointGetsNothingMore(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	r := newReceiver(t)
	e := s.listen(r)
	s.connect("s1", "acct_1")
	s.follow()
	id := s.deliveries(e)[0].ID
	if err := s.endpoints.Delete(t.Context(), e.ID, by); err != nil {
		t.Fatal(err)
	}
	s.report("acct_1", working())
	s.follow()
	s.work(notify.SenderConfig{})
	s.tick()
	if n := s.count("select count(*) from river_job where kind = 'delivery'"); n != 0 {
		t.Errorf("%d jobs are left", n)
	}
	if n := len(r.events()); n > 0 {
		t.Errorf("%d events came", n)
	}
	if _, err := s.endpoints.Redeliver(t.Context(), id, by); account.KindOf(err) != account.NotFound {
		t.Errorf("%v", err)
	}
	if _, err := s.endpoints.Rotate(t.Context(), e.ID, by); account.KindOf(err) != account.NotFound {
		t.Errorf("%v", err)
	}
	if err := s.endpoints.Delete(t.Context(), e.ID, by); account.KindOf(err) != account.NotFound {
		t.Errorf("%v", err)
	}
}

func TestAnEndpointIsDeletedWhileItsEventsAreUnderWay(t *testing.T) {
	t.Parallel()
	s := newStubborn(t)
	r := newReceiver(t)
	e := s.listen(r)
	s.connect("s1", "acct_1")
	s.follow()
	id := s.deliveries(e)[0].ID
	if err := s.endpoints.Delete(t.Context(), e.ID, by); err != nil {
		t.Fatal(err)
	}
	if err := s.attempt(id); err != nil || len(r.events()) > 0 {
		t.Errorf("%v, %d events", err, len(r.events()))
	}
	if n := s.count("select count(*) from deliveries where id = $1 and state = 'failed'", id); n != 1 {
		t.Error("it is still to be sent")
	}
}
