package notify_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/waittest"
)

var by = account.Actor{Name: "key_1", Address: "192.0.2.1"}

func refusing(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }

// delivered waits until the endpoint has so many deliveries and all are done.
func (s *stage) delivered(e client.EventEndpoint, n int) []client.Delivery {
	s.t.Helper()
	var found []client.Delivery
	waittest.Until(s.t, fmt.Sprintf("%d deliveries that are done", n), func() bool {
		found = s.deliveries(e)
		return len(found) == n && !slices.ContainsFunc(found, func(d client.Delivery) bool { return d.State != "delivered" })
	})
	return found
}

func TestEventsAreDeliveredSignedOnceAndRecorded(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.work(notify.SenderConfig{})
	r := newReceiver(t)
	e := s.listen(r)
	s.connect("s1", "acct_1")
	s.report("acct_1", working())
	s.follow()
	got := r.await(2)
	slices.SortFunc(got, func(a, b received) int { return int(a.Sequence - b.Sequence) })
	if got[0].Type != notify.SellerConnected || got[1].Type != notify.SellerReadinessChanged || !got[1].Seller.CanTransact {
		t.Errorf("%v", typesOf(got))
	}
	if h := got[0].header; h.Get("Content-Type") != "application/json" || h.Get("User-Agent") != "connectd" {
		t.Errorf("%v", h)
	}
	found := s.delivered(e, 2)
	if d := found[1]; d.EventID != got[0].ID || len(d.Attempts) != 1 || *d.Attempts[0].Status != 204 || d.Attempts[0].Error != nil || d.NextAttemptAt != nil {
		t.Errorf("%+v", d)
	}
	if n := len(r.events()); n != 2 {
		t.Errorf("%d events came", n)
	}
}

func TestAFailedAttemptIsRepeatedWithTheSameIDAndBody(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.work(notify.SenderConfig{})
	r := newReceiver(t)
	var asked atomic.Int64
	r.answering(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	e := s.listen(r)
	s.connect("s1", "acct_1")
	s.follow()
	waittest.Until(t, "a recorded failure", func() bool { d := s.deliveries(e); return len(d) == 1 && len(d[0].Attempts) == 1 })
	d := s.deliveries(e)[0]
	if d.State == "pending" && (d.NextAttemptAt == nil || *d.Attempts[0].Status != 500 || *d.Attempts[0].Error != "answered 500") {
		t.Errorf("%+v", d)
	}
	s.clock.advance(5 * time.Second) // River goes by its own
	got := r.await(2)
	if got[0].ID != got[1].ID || string(got[0].body) != string(got[1].body) {
		t.Errorf("%s and %s", got[0].body, got[1].body)
	}
	d = s.delivered(e, 1)[0]
	if len(d.Attempts) != 2 || d.Attempts[1].Error != nil {
		t.Errorf("%+v", d)
	}
}

// stubborn is a courier without River: the test says when each attempt is made.
type stubborn struct {
	*stage
	courier *notify.Courier
}

func newStubborn(t *testing.T) stubborn {
	t.Helper()
	s := newStage(t)
	sender := notify.NewSender(notify.SenderConfig{})
	t.Cleanup(sender.Close)
	return stubborn{s, notify.NewCourier(s.pool, sender, s.clock.now)}
}

// attempt makes the next attempt of a delivery's round.
func (s stubborn) attempt(id string) error {
	var round int32
	if err := s.pool.QueryRow(s.t.Context(), "select round from deliveries where id = $1", id).Scan(&round); err != nil {
		s.t.Fatal(err)
	}
	return s.courier.Work(s.t.Context(), &river.Job[notify.Deliver]{
		JobRow: &rivertype.JobRow{}, Args: notify.Deliver{DeliveryID: id, Round: round},
	})
}

// exhaust makes attempts, each when it is due, until none follows.
func (s stubborn) exhaust(e client.EventEndpoint, id string) client.Delivery {
	s.t.Helper()
	for {
		err := s.attempt(id)
		d := s.delivery(e, id)
		if d.NextAttemptAt == nil {
			if err != nil {
				s.t.Fatal(err)
			}
			return d
		}
		if err == nil || !strings.Contains(err.Error(), "Snooze") {
			s.t.Fatalf("an attempt that is to be repeated ended with %v", err)
		}
		s.clock.set(*d.NextAttemptAt)
	}
}

func (s stubborn) delivery(e client.EventEndpoint, id string) client.Delivery {
	s.t.Helper()
	found := s.deliveries(e)
	i := slices.IndexFunc(found, func(d client.Delivery) bool { return d.ID == id })
	if i < 0 {
		s.t.Fatalf("no delivery %s", id)
	}
	return found[i]
}

func TestADeadEndpointIsTriedForThreeDaysAndSwitchedOff(t *testing.T) {
	t.Parallel()
	s := newStubborn(t)
	r := newReceiver(t)
	r.answering(refusing)
	e := s.listen(r)
	s.connect("s1", "acct_1")
	s.follow()
	began := s.clock.now()
	d := s.exhaust(e, s.deliveries(e)[0].ID)
	if took := d.Attempts[len(d.Attempts)-1].At.Sub(began); d.State != "failed" || took < 72*time.Hour || len(d.Attempts) != 16 {
		t.Errorf("%s after %d attempts in %s", d.State, len(d.Attempts), took)
	}
	s.tick()
	off, err := s.endpoints.Get(t.Context(), e.ID)
	if err != nil || off.DisabledAt == nil {
		t.Fatalf("%+v, %v", off, err)
	}
	s.tick()
	if n := s.count("select count(*) from river_job where kind = 'endpoint.switched_off' and args->>'endpoint_id' = $1", e.ID); n != 1 {
		t.Errorf("told %d times", n)
	}
	if n := s.count("select count(*) from audit where action = 'disable_endpoint' and subject = $1 and actor = 'connectd'", e.ID); n != 1 {
		t.Errorf("written down %d times", n)
	}
	if !strings.Contains(s.log.String(), "switched off") || strings.Contains(s.log.String(), "/events") && strings.Contains(s.log.String(), r.URL) {
		t.Error(s.log.String())
	}
}

func (s *stage) tick() {
	s.t.Helper()
	if err := s.endpoints.Tick(s.t.Context(), s.clock.now()); err != nil {
		s.t.Fatal(err)
	}
}

func TestAnEndpointThatIsOffGetsNothingUntilItIsEnabled(t *testing.T) {
	t.Parallel()
	s := newStubborn(t)
	r := newReceiver(t)
	e := s.listen(r)
	s.connect("s1", "acct_1")
	s.follow()
	waiting := s.deliveries(e)[0].ID
	s.exec("update event_endpoints set disabled_at = $1, failures = 20, failing_since = $1, failed_at = $1", s.clock.now())
	s.report("acct_1", working())
	s.follow()
	if err := s.attempt(waiting); err != nil {
		t.Fatal(err)
	}
	if d := s.deliveries(e); len(d) != 1 || d[0].State != "failed" || len(d[0].Attempts) > 0 || len(r.events()) > 0 {
		t.Errorf("%+v", d)
	}
	if _, err := s.endpoints.Redeliver(t.Context(), waiting, by); account.KindOf(err) != account.Conflict {
		t.Errorf("%v", err)
	}
	if _, err := s.endpoints.Send(t.Context(), e.ID, by); account.KindOf(err) != account.Conflict {
		t.Errorf("%v", err)
	}
	s.report("acct_1", chargesOff())
	on, err := s.endpoints.Enable(t.Context(), e.ID, by)
	if err != nil || on.DisabledAt != nil {
		t.Fatalf("%+v, %v", on, err)
	}
	s.report("acct_1", working())
	s.follow()
	if d := s.deliveries(e); len(d) != 2 { // neither what happened while it was off
		t.Errorf("%+v", d)
	}
	if _, err := s.endpoints.Redeliver(t.Context(), waiting, by); err != nil {
		t.Fatal(err)
	}
	if err := s.attempt(waiting); err != nil || len(r.events()) != 1 {
		t.Errorf("%v", err)
	}
	s.tick()
	if on, err := s.endpoints.Get(t.Context(), e.ID); err != nil || on.DisabledAt != nil {
		t.Errorf("%+v, %v", on, err)
	}
}

// A downtime of connectd's own is none of the endpoint's, nor is what fails now and then.
func TestAnEndpointThatTakesAnythingIsNotSwitchedOff(t *testing.T) {
	t.Parallel()
	s := newStubborn(t)
	r := newReceiver(t)
	e := s.listen(r)
	for day := range 6 {
		r.answering(refusing)
		s.connect(fmt.Sprintf("s%d", day), fmt.Sprintf("acct_%d", day))
		s.follow()
		id := s.deliveries(e)[0].ID
		for range 4 {
			_ = s.attempt(id) // which is repeated
		}
		s.clock.advance(24 * time.Hour)
		r.answering(nil)
		if err := s.attempt(id); err != nil {
			t.Fatal(err)
		}
		s.tick()
	}
	r.answering(refusing)
	s.connect("s", "acct_s")
	s.follow()
	_ = s.attempt(s.deliveries(e)[0].ID)
	s.clock.advance(8 * 24 * time.Hour) // nobody is there to try
	_ = s.attempt(s.deliveries(e)[0].ID)
	s.tick()
	if on, err := s.endpoints.Get(t.Context(), e.ID); err != nil || on.DisabledAt != nil {
		t.Errorf("%+v, %v", on, err)
	}
}

func TestARotatedSecretSignsBesideTheNewOneForADay(t *testing.T) {
	t.Parallel()
	s := newStubborn(t)
	r := newReceiver(t)
	e := s.listen(r)
	first := e.Secret
	s.connect("s1", "acct_1")
	s.follow()
	second, err := s.endpoints.Rotate(t.Context(), e.ID, by)
	if err != nil || second.Secret == first || !strings.HasPrefix(second.Secret, "whsec_") {
		t.Fatalf("%+v, %v", second, err)
	}
	signedBy := func(secret string) bool {
		s.t.Helper()
		key, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		got := r.events()
		last := got[len(got)-1]
		return key.VerifyIgnoringTimestamp(last.body, last.header) == nil
	}
	send := func() {
		t.Helper()
		d, err := s.endpoints.Send(t.Context(), e.ID, by)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.attempt(d.ID); err != nil {
			t.Fatal(err)
		}
	}
	send() // the receiver still has the first
	if !signedBy(first) || !signedBy(second.Secret) {
		t.Error("within a day either secret is to do")
	}
	s.clock.advance(time.Hour)
	third, err := s.endpoints.Rotate(t.Context(), e.ID, by) // the second's answer was lost
	if err != nil {
		t.Fatal(err)
	}
	r.skipTime()
	send()
	if !signedBy(first) || !signedBy(second.Secret) || !signedBy(third.Secret) {
		t.Error("within a day each of three secrets is to do")
	}
	s.clock.advance(23*time.Hour + time.Minute)
	r.trust(third.Secret)
	send()
	if signedBy(first) || !signedBy(second.Secret) || !signedBy(third.Secret) {
		t.Error("a day after its rotation the first secret is to do no more")
	}
	s.clock.advance(time.Hour)
	send()
	if signedBy(second.Secret) || !signedBy(third.Secret) {
		t.Error("a day after the last rotation the third secret alone is to do")
	}
	for range 12 {
		if _, err := s.endpoints.Rotate(t.Context(), e.ID, by); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.count("select cardinality(former_secrets) from event_endpoints where cardinality(former_until) = cardinality(former_secrets)"); n != 10 {
		t.Errorf("%d former secrets are kept", n)
	}
}

func TestATestEventIsSentToOneEndpoint(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.work(notify.SenderConfig{})
	r, other := newReceiver(t), newReceiver(t)
	e := s.listen(r, notify.ScanFinished)
	s.listen(other)
	d, err := s.endpoints.Send(t.Context(), e.ID, by)
	if err != nil || d.State != "pending" || d.Type != "test" {
		t.Fatalf("%+v, %v", d, err)
	}
	if got := r.await(1)[0]; got.Type != "test" || got.ID != d.EventID {
		t.Errorf("%+v", got.Event)
	}
	s.delivered(e, 1)
	if n := len(other.events()); n > 0 {
		t.Errorf("%d events came elsewhere", n)
	}
	if _, err := s.endpoints.Send(t.Context(), "ep_none", by); account.KindOf(err) != account.NotFound {
		t.Errorf("%v", err)
	}
}

func TestADeliveryIsSentAgainWithTheSameID(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.work(notify.SenderConfig{})
	r := newReceiver(t)
	e := s.listen(r)
	s.connect("s1", "acct_1")
	s.follow()
	r.await(1)
	done := s.delivered(e, 1)[0]
	again, err := s.endpoints.Redeliver(t.Context(), done.ID, by)
	if err != nil || again.State != "pending" || again.ID != done.ID || again.EventID != done.EventID || len(again.Attempts) != 1 {
		t.Fatalf("%+v, %v", again, err)
	}
	if got := r.await(2); got[0].ID != got[1].ID {
		t.Errorf("%s and %s", got[0].ID, got[1].ID)
	}
	if d := s.delivered(e, 1)[0]; len(d.Attempts) != 2 {
		t.Errorf("%+v", d)
	}
	if _, err := s.endpoints.Redeliver(t.Context(), "dlv_none", by); account.KindOf(err) != account.NotFound {
		t.Errorf("%v", err)
	}
}

// A delivery that waits for its repeat is tried at once; the repeat's job does not try it too.
func TestOfTwoRoundsTheNewerAlonePlays(t *testing.T) {
	t.Parallel()
	s := newStubborn(t)
	r := newReceiver(t)
	r.answering(refusing)
	e := s.listen(r)
	s.connect("s1", "acct_1")
	s.follow()
	id := s.deliveries(e)[0].ID
	if err := s.attempt(id); err == nil {
		t.Fatal("it is not repeated")
	}
	if _, err := s.endpoints.Redeliver(t.Context(), id, by); err != nil {
		t.Fatal(err)
	}
	r.answering(nil)
	if err := s.courier.Work(t.Context(), &river.Job[notify.Deliver]{Args: notify.Deliver{DeliveryID: id, Round: 1}}); err != nil {
		t.Fatal(err)
	}
	if n := len(r.events()); n != 1 {
		t.Errorf("the first round has sent %d", n)
	}
	if err := s.attempt(id); err != nil {
		t.Fatal(err)
	}
	if d := s.delivery(e, id); d.State != "delivered" || len(d.Attempts) != 2 {
		t.Errorf("%+v", d)
	}
}

// Every worker of an endpoint that hangs waits; another endpoint's events come all the same.
func TestAnEndpointThatHangsDelaysNoOther(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.work(notify.SenderConfig{Within: 2 * time.Minute})
	hangs, lives := newReceiver(t), newReceiver(t)
	release := make(chan struct{})
	hangs.answering(func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	s.listen(hangs)
	e := s.listen(lives)
	const sellers = 200 // more than there are workers
	var many []registry.Observation
	for i := range sellers {
		many = append(many, registry.Granted(registry.Grant{
			SellerID: fmt.Sprintf("s%d", i), AccountID: fmt.Sprintf("acct_%d", i), Interval: account.At(s.clock.now()),
		}))
	}
	if _, err := s.registry.Observe(t.Context(), many); err != nil {
		t.Fatal(err)
	}
	s.follow()
	lives.await(sellers)
	s.delivered(e, sellers)
	if n := len(hangs.events()); n == 0 || n == sellers {
		t.Errorf("%d of %d events hang", n, sellers)
	}
}

func TestWhatIsNoChangeIsToldOnceToo(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.work(notify.SenderConfig{})
	r := newReceiver(t)
	s.connect("s1", "acct_1")
	s.report("acct_1", working())
	s.listen(r)
	e := s.event("acct_1")
	e.Type = "payout.failed"
	s.observe(registry.Noted(e).Telling(registry.Notice{Type: notify.PayoutFailed, ID: e.ID}))
	got := r.await(1)
	if got[0].Type != notify.PayoutFailed || got[0].Seller == nil || got[0].Seller.SellerID != "s1" || got[0].Seller.Previous == nil {
		t.Errorf("%s", got[0].body)
	}
	waittest.Until(t, "the job's end", func() bool {
		return s.count("select count(*) from river_job where kind = 'event' and state = 'completed'") == 1
	})
	if n := len(r.events()); n != 1 {
		t.Errorf("%d events came", n)
	}
}

// What a job causes and the job's end are one transaction: a job that is worked again has nothing left to cause.
func TestAnEventThatIsWorkedTwiceIsToldOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	e := s.endpoint("https://shop.example.com/events")
	s.connect("s1", "acct_1")
	event := s.event("acct_1")
	s.observe(registry.Noted(event).Telling(registry.Notice{Type: notify.PayoutFailed, ID: event.ID}))
	s.exec("create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$")
	s.exec("create trigger refuse before insert on deliveries for each statement execute function refuse()")
	s.work(notify.SenderConfig{})
	waittest.Until(t, "a failed try", func() bool {
		return s.count("select count(*) from river_job where kind = 'event' and array_length(errors, 1) > 0") == 1
	})
	s.exec("drop trigger refuse on deliveries")
	waittest.Until(t, "the job's end", func() bool {
		return s.count("select count(*) from river_job where kind = 'event' and state = 'completed'") == 1
	})
	if d := s.deliveries(e); len(d) != 1 {
		t.Errorf("%+v", d)
	}
}

func TestWhatIsAskedForTogetherIsDoneTogether(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	var sizes []int
	lots := notify.NewLots(func(_ context.Context, in []int) ([]int, error) {
		sizes = append(sizes, len(in))
		if len(sizes) == 1 {
			close(begun)
			<-release
		}
		if in[0] < 0 {
			return nil, fmt.Errorf("refused")
		}
		out := make([]int, len(in))
		for i, n := range in {
			out[i] = 2 * n
		}
		return out, nil
	})
	answers := make(chan int, 20)
	ask := func(n int) {
		out, err := lots.Ask(t.Context(), n)
		if err != nil || out != 2*n {
			t.Errorf("%d: %d, %v", n, out, err)
		}
		answers <- out
	}
	go ask(0)
	<-begun
	for n := 1; n < 20; n++ {
		go ask(n)
	}
	waittest.Until(t, "19 who wait", func() bool { return lots.Waiting() == 19 })
	close(release)
	for range 20 {
		<-answers
	}
	if !slices.Equal(sizes, []int{1, 19}) {
		t.Errorf("%v", sizes)
	}
	if _, err := lots.Ask(t.Context(), -1); err == nil {
		t.Error("no error")
	}
}
