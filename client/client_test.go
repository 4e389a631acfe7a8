package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/client/connecttest"
)

func TestClientAsksOfOneAndOfMany(t *testing.T) {
	t.Parallel()
	s := connecttest.Start(t)
	s.Set(restricted("a@b:c", 0))
	var ids []string
	for i := range 2_500 {
		ids = append(ids, fmt.Sprintf("shop-%d", i))
	}
	s.Set(client.Readiness{SellerID: "shop-2400", CanTransact: true})
	c := s.Client()
	one, err := c.Readiness(t.Context(), "a@b:c")
	if diff := cmp.Diff(s.Readiness("a@b:c"), one); err != nil || diff != "" {
		t.Errorf("%v (-server +client):\n%s", err, diff)
	}
	many, err := c.ReadinessBatch(t.Context(), ids)
	if err != nil || len(many) != len(ids) || many[2399].CanTransact || !many[2400].CanTransact {
		t.Errorf("%d of %d sellers, %v", len(many), len(ids), err)
	}
	if none, err := c.ReadinessBatch(t.Context(), nil); err != nil || len(none) != 0 {
		t.Errorf("of nobody: %v, %v", none, err)
	}
}

func TestClientAsksForAFreshAnswer(t *testing.T) {
	t.Parallel()
	s := connecttest.Start(t)
	s.Set(client.Readiness{SellerID: "a@b:c", CanTransact: true})
	for _, age := range []time.Duration{0, 90 * time.Second, 1500 * time.Millisecond} {
		if r, err := s.Client().ReadinessWithin(t.Context(), "a@b:c", age); err != nil || !r.CanTransact {
			t.Errorf("%+v, %v", r, err)
		}
	}
	want := []string{"max_age=0s", "max_age=1m30s", "max_age=1.5s"}
	for i, request := range s.Requests() {
		if request != "GET /v1/sellers/a@b:c/readiness?"+want[i] {
			t.Errorf("asked %s, want %s", request, want[i])
		}
	}
}

func TestClientAsksForAPastMoment(t *testing.T) {
	t.Parallel()
	s := connecttest.Start(t)
	began := time.Now()
	position := s.Set(client.Readiness{SellerID: "shop", CanTransact: true})
	able := time.Now()
	s.Set(restricted("shop", 0))
	c := s.Client()
	for at, want := range map[time.Time]string{began.Add(-time.Hour): "not_connected", able: "enabled", time.Now(): "restricted"} {
		past, err := c.ReadinessAt(t.Context(), "shop", at)
		if err != nil || past.Readiness.Status != want || (past.Evidence == nil) != (want == "not_connected") {
			t.Errorf("%s: %+v, %v", at, past, err)
		}
	}
	past, err := c.ReadinessAt(t.Context(), "shop", able.In(time.FixedZone("", 3600)))
	if err != nil || past.Evidence.Position != position || past.Readiness.Version != position {
		t.Errorf("%+v, %v", past, err)
	}
	if past, err = c.ReadinessAt(t.Context(), "shop", time.Now().Add(time.Hour)); err == nil || past.Readiness.CanTransact {
		t.Errorf("the future: %+v, %v", past, err)
	}
}

func TestClientMakesOnboardingLinks(t *testing.T) {
	t.Parallel()
	s := connecttest.Start(t)
	link, err := s.Client().CreateOnboardingLink(t.Context(), client.OnboardingLinkParams{SellerID: "shop-42", ExpiresIn: time.Hour})
	if err != nil || link.URL != s.URL+"/connect/shop-42" || time.Until(link.ExpiresAt) > time.Hour {
		t.Errorf("%+v, %v", link, err)
	}
}

// TestErrorsAreNoYes, whatever the server or what stands in its place answers.
func TestErrorsAreNoYes(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"a page":         "<html>Welcome to nginx</html>",
		"an empty body":  "",
		"another seller": `{"seller_id": "other", "can_transact": true}`,
		"half an answer": `{"seller_id": "shop", "can_transact": true`,
		"a page of data": `{"data": [{"seller_id": "shop", "can_transact": true}, {"seller_id": "shop", "can_transact": true}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }))
			defer s.Close()
			c := client.New(s.URL, "key", client.WithRetries(0))
			if r, err := c.Readiness(t.Context(), "shop"); err == nil || r.CanTransact {
				t.Errorf("readiness: %+v, %v", r, err)
			}
			if r, err := c.ReadinessWithin(t.Context(), "shop", 0); err == nil || r.CanTransact {
				t.Errorf("fresh readiness: %+v, %v", r, err)
			}
			if r, err := c.ReadinessAt(t.Context(), "shop", time.Now()); err == nil || r.Readiness.CanTransact {
				t.Errorf("past readiness: %+v, %v", r, err)
			}
			if r, err := c.ReadinessBatch(t.Context(), []string{"shop"}); err == nil || r != nil {
				t.Errorf("batch: %+v, %v", r, err)
			}
		})
	}
}

func TestErrorsSayWhatTheServerSays(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"type": "urn:connectd:problem:invalid", "title": "Invalid request", "status": 422, "code": "invalid",
			"detail": "Something is wrong.", "errors": [{"location": "body.seller_id", "message": "is required"}]}`)
	}))
	defer s.Close()
	_, err := client.New(s.URL, "key").CreateOnboardingLink(t.Context(), client.OnboardingLinkParams{})
	e, ok := errors.AsType[*client.Error](err)
	if !ok {
		t.Fatalf("%v is no *client.Error", err)
	}
	want := &client.Error{
		Status: 422, Code: "invalid", Title: "Invalid request", Detail: "Something is wrong.",
		Errors: []client.FieldError{{Location: "body.seller_id", Message: "is required"}},
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if said := err.Error(); !strings.Contains(said, "422 invalid: Something is wrong. [body.seller_id: is required]") {
		t.Error(said)
	}
}

func TestBaseURLsErrorIsTheRequests(t *testing.T) {
	t.Parallel()
	for _, baseURL := range []string{"", "://", "localhost:1", "http://127.0.0.1:1/"} {
		if _, err := client.New(baseURL, "key", client.WithRetries(0)).Readiness(t.Context(), "shop"); err == nil {
			t.Errorf("%q: no error", baseURL)
		}
	}
}

// TestReadsAreTriedAgain, three times, and only where that may help; what makes something is not.
func TestReadsAreTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		for status, want := range map[int]int{500: 4, 502: 4, 503: 4, 429: 4, 408: 4, 401: 1, 403: 1, 404: 1, 422: 1} {
			s.Fail(status)
			if n := s.asked(func() { _, _ = s.client.Readiness(t.Context(), "shop") }); n != want {
				t.Errorf("readiness answered %d: asked %d times, want %d", status, n, want)
			}
			if n := s.asked(func() { _, _ = s.client.ReadinessBatch(t.Context(), []string{"shop"}) }); n != want {
				t.Errorf("a batch answered %d: asked %d times, want %d", status, n, want)
			}
			link := client.OnboardingLinkParams{SellerID: "shop"}
			if n := s.asked(func() { _, _ = s.client.CreateOnboardingLink(t.Context(), link) }); n != 1 {
				t.Errorf("a link answered %d: asked %d times, want once", status, n)
			}
		}
		s.Fail(0)
		s.Down()
		time.AfterFunc(100*time.Millisecond, s.Up)
		if _, err := s.client.Readiness(t.Context(), "shop"); err != nil {
			t.Errorf("after a cut: %v", err)
		}
	})
}

func (s *fake) asked(what func()) int {
	before := len(s.Requests())
	what()
	return len(s.Requests()) - before
}

func TestCallsEndWithTheirContext(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		s.Fail(http.StatusServiceUnavailable)
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := s.client.Readiness(ctx, "shop")
		if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != http.StatusServiceUnavailable {
			t.Errorf("%v, want what the server said last", err)
		}
		if took := time.Since(began); took > 60*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		s.Fail(0)
		s.Slow(time.Hour)
		began = time.Now()
		if _, err := s.client.Readiness(t.Context(), "shop"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("no answer: %v", err)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("four attempts took %v", took)
		}
		synctest.Wait()
	})
}

func TestPrintsShowNoKey(t *testing.T) {
	t.Parallel()
	c := client.New("http://127.0.0.1:1", "ck_test_secret", client.WithRetries(0))
	_, err := c.Readiness(t.Context(), "shop")
	for _, said := range []string{fmt.Sprintf("%v %+v %#v", c, c, c), fmt.Sprintf("%+v %#v", *c, *c), err.Error()} {
		if strings.Contains(said, "ck_test_secret") {
			t.Errorf("shown: %s", said)
		}
	}
}
