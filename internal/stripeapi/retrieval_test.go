package stripeapi_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/stripeapi"
)

func TestRetrievalSaysWhatAndWhen(t *testing.T) {
	t.Parallel()
	var inside atomic.Int64
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		if r.Method+" "+r.URL.Path != "GET /v1/accounts/acct_1" || r.Header.Get("Authorization") != "Bearer "+testKey {
			t.Errorf("asked %s %s", r.Method, r.URL)
		}
		if r.Header.Get("Stripe-Version") == "" {
			t.Error("no Stripe-Version")
		}
		inside.Store(int64(time.Since(start)))
		answering(200, fullAccount)(w, r)
	})
	start := time.Now()
	got, err := client.Account(t.Context(), "acct_1")
	outside := time.Since(start)
	if err != nil {
		t.Fatal(err)
	}
	want := stripeapi.Retrieval{AccountID: "acct_1", Facts: fullFacts(), Interval: got.Interval, RequestID: "req_1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("retrieval (-want +got):\n%s", diff)
	}
	mustSpan(t, got.Interval, time.Duration(inside.Load()), outside)
}

// stripe-go would send it from the second request on, with what it measured of the first.
func TestNoTelemetryIsSent(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Stripe-Client-Telemetry") != "" {
			t.Error("telemetry was sent")
		}
		answering(200, fullAccount)(w, r)
	})
	for range 2 {
		if _, err := client.Account(t.Context(), "acct_1"); err != nil {
			t.Error(err)
		}
	}
}

// mustSpan: the interval ends at Date and is a second longer than the round trip, which lies between what the server and
// the caller saw of it.
func mustSpan(t *testing.T, i account.Interval, least, most time.Duration) {
	t.Helper()
	if want := time.Date(2023, time.November, 14, 22, 13, 20, 0, time.UTC); i.To != want {
		t.Errorf("ends at %s, want %s", i.To, want)
	}
	if span := i.To.Sub(i.From); span < time.Second+least || span > time.Second+most+time.Microsecond {
		t.Errorf("spans %s of a round trip between %s and %s", span, least, most)
	}
	if i.From != i.From.Truncate(time.Microsecond) {
		t.Errorf("begins at %s, finer than Postgres keeps", i.From)
	}
}

func TestPlatformHasTheModeOfItsKey(t *testing.T) {
	t.Parallel()
	for key, livemode := range map[stripeapi.Secret]bool{"rk_live_abc": true, testKey: false} {
		client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v1/account" {
				t.Errorf("asked %s", r.URL)
			}
			answering(200, `{"id":"acct_platform","object":"account"}`)(w, r)
		}, func(cfg *stripeapi.Config) { cfg.SecretKey = key })
		got, err := client.Platform(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got.AccountID != "acct_platform" || got.Livemode != livemode || client.Livemode() != livemode || got.Interval.To.IsZero() {
			t.Errorf("%+v, want livemode %t", got, livemode)
		}
	}
}

func TestListsGoOnFromTheLastReadable(t *testing.T) {
	t.Parallel()
	pages := map[string]string{
		"":       `{"data":[{"id":"acct_3"},{"id":"acct_2"},{"odd":true}],"has_more":true}`,
		"acct_2": `{"data":[{"id":"acct_1","charges_enabled":true,"metadata":{"seller":"s1","odd":7}}],"has_more":false}`,
	}
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("limit") != "3" {
			t.Errorf("asked %s", r.URL)
		}
		answering(200, pages[r.URL.Query().Get("starting_after")])(w, r)
	})
	var ids []string
	unreadable := 0
	for next, more := "", true; more; more = next != "" {
		page, err := client.Accounts(t.Context(), next, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.Accounts {
			ids = append(ids, a.AccountID)
			if a.AccountID == "acct_1" && a.Metadata["seller"] != "s1" {
				t.Errorf("metadata %v", a.Metadata)
			}
			if a.Interval != page.Interval || !a.Facts.Connected {
				t.Errorf("account %+v of a page of %+v", a, page.Interval)
			}
		}
		unreadable += page.Unreadable
		next = page.Next
	}
	if diff := cmp.Diff([]string{"acct_3", "acct_2", "acct_1"}, ids); diff != "" || unreadable != 1 {
		t.Errorf("%d unreadable; accounts (-want +got):\n%s", unreadable, diff)
	}
}

func TestAListThatCantGoOnIsAnError(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"data":[{"odd":true}],"has_more":true}`, `{"data":{}}`, `[]`} {
		_, err := newClient(t, answering(200, body)).Accounts(t.Context(), "", 100)
		if kind := stripeapi.KindOf(err); kind != stripeapi.Unreachable {
			t.Errorf("%s: %q, %v", body, kind, err)
		}
	}
}

// retrieveInTurn retrieves as the scan does.
func retrieveInTurn(ctx context.Context, client *stripeapi.Client, id string) error {
	granted, err := client.Turns().Next(ctx)
	if err != nil {
		return err
	}
	_, err = granted.Account(ctx, id)
	return err
}

// People wait for the client's own calls, so these never wait behind the scan's.
func TestOnlyTheScanWaitsItsTurn(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	rs := newReplicas(t)
	budget := rs.add(1.0/3600, 0)
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answering(200, `{"id":"acct_1"}`)(w, r)
	}, func(cfg *stripeapi.Config) { cfg.Pacer = budget })
	if err := retrieveInTurn(t.Context(), client, "acct_1"); err != nil {
		t.Fatalf("the scan's first: %v", err)
	}
	// The scan's next turn is more than an hour away.
	second := make(chan error, 1)
	go func() { second <- retrieveInTurn(t.Context(), client, "acct_1") }()
	rs.arm(budget)
	for range 5 {
		if _, err := client.Account(t.Context(), "acct_1"); err != nil {
			t.Errorf("a person's: %v", err)
		}
	}
	if n := asked.Load(); n != 6 {
		t.Errorf("asked %d times, want 6", n)
	}
	away := budget.wakes.Sub(budget.clock.Now())
	budget.wakes = time.Time{} // it is not asked for a third
	rs.run(away)
	if err := <-second; err != nil || asked.Load() != 7 {
		t.Errorf("the scan's second: %v", err)
	}
}

// Whatever call is refused, the budget hears of it.
func TestTheBudgetHearsOfRefusals(t *testing.T) {
	t.Parallel()
	rs := newReplicas(t)
	budget := rs.add(20, 0)
	client := newClient(t, answering(429, apiError("invalid_request_error", "rate_limit", "Too many."),
		"Stripe-Rate-Limited-Reason", "global-rate"), func(cfg *stripeapi.Config) { cfg.Pacer = budget })
	if _, err := client.Account(t.Context(), "acct_1"); stripeapi.KindOf(err) != stripeapi.RateLimited {
		t.Fatal(err)
	}
	budget.Settle()
	var factor, pause, used float64
	err := rs.pool.QueryRow(t.Context(), "select factor, pause, all_ahead from stripe_budget").Scan(&factor, &pause, &used)
	if err != nil || factor != 0.5 || pause != 1 || used != 1.0/25 {
		t.Errorf("factor %v, pause %v, used %v; %v", factor, pause, used, err)
	}
}

func TestHostileBodiesEndInErrors(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"requirements":`, 20_000) + "1" + strings.Repeat("}", 20_000)
	for name, body := range map[string]string{"deep": deep, "large": `{"id":"acct_1","x":"` + strings.Repeat("x", 33<<20) + `"}`} {
		_, err := newClient(t, answering(200, body)).Account(t.Context(), "acct_1")
		if kind := stripeapi.KindOf(err); kind != stripeapi.Unreachable {
			t.Errorf("%s: %q, %v", name, kind, err)
		}
		if err != nil && len(err.Error()) > 1000 {
			t.Errorf("%s: an error of %d bytes", name, len(err.Error()))
		}
	}
}

func TestAuthorizeURLNamesWhatStripeNeeds(t *testing.T) {
	t.Parallel()
	client := clientAt(t, "http://127.0.0.1:12111/")
	got := client.AuthorizeURL("s t&te", "https://platform.example/oauth/callback?x=1")
	want := fmt.Sprintf("http://127.0.0.1:12111/oauth/authorize?client_id=%s&redirect_uri=%s&response_type=code&scope=read_write&state=%s",
		testClientID, "https%3A%2F%2Fplatform.example%2Foauth%2Fcallback%3Fx%3D1", "s+t%26te")
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
	stripes, err := stripeapi.New(stripeapi.Config{SecretKey: testKey})
	if err != nil {
		t.Fatal(err)
	}
	if at := stripes.AuthorizeURL("", ""); !strings.HasPrefix(at, "https://connect.stripe.com/oauth/authorize?") {
		t.Errorf("without a base: %s", at)
	}
}
