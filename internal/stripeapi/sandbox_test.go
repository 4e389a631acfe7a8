package stripeapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/sandbox"
	"github.com/connectd/connectd/internal/stripeapi"
)

func TestEveryPersonaIsConnectedRetrievedAndJudged(t *testing.T) {
	t.Parallel()
	s := startStripe(t)
	policy := account.DefaultPolicy()
	policy.Countries = sandbox.Countries()
	want := map[string]account.Status{
		"complete": account.Enabled, "enabled": account.Enabled, "restricted_soon": account.RestrictedSoon,
		"restricted": account.Restricted, "no_payouts": account.Restricted, "no_charges": account.Restricted,
		"no_cards": account.Restricted, "document_failed": account.Restricted, "incomplete": account.Incomplete,
		"in_review": account.InReview, "rejected": account.Rejected, "unsupported": account.Unsupported,
		"nameless": account.Enabled,
	}
	got := map[string]account.Status{}
	for _, persona := range sandbox.Personas() {
		f := s.retrieve(t, persona)
		got[persona] = account.Judge(f, policy).Status
		if nameless := persona == "nameless" || persona == "incomplete"; (f.DisplayName == "") != nameless {
			t.Errorf("%s is called %q", persona, f.DisplayName)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestACodePresentedTwiceIsRefusedAndDisconnects(t *testing.T) {
	t.Parallel()
	s := startStripe(t)
	code := s.grant(t, "complete")
	grant, err := s.Exchange(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Exchange(t.Context(), code)
	if e := stripeError(t, err); e.Kind != stripeapi.Refused || e.Code != "invalid_grant" || e.Message == "" {
		t.Errorf("error %v", err)
	}
	if strings.Contains(err.Error(), code) {
		t.Errorf("%q shows the code", err)
	}
	_, err = s.Account(t.Context(), grant.AccountID)
	if e := stripeError(t, err); e.Kind != stripeapi.AccountGone || e.Interval.To.IsZero() {
		t.Errorf("error %v", err)
	}
}

// The sandbox does the work and cuts the connection: the exchange has been sent once, and its answer is lost.
func TestAnExchangeWhoseAnswerIsLostIsSentOnce(t *testing.T) {
	t.Parallel()
	s := startStripe(t)
	s.connect(t, "complete") // so that there was a connection to use again
	code := s.grant(t, "complete")
	s.meet(t, `[{"path":"/oauth/token","drop":true}]`)
	_, err := s.Exchange(t.Context(), code)
	if e := stripeError(t, err); e.Kind != stripeapi.Unreachable || e.HTTPStatus != 0 {
		t.Errorf("error %v", err)
	}
	if n := s.asked(t, http.MethodPost, "/oauth/token"); n != 2 {
		t.Errorf("two exchanges were sent %d times", n)
	}
}

func TestAStripeThatFailsIsSaidToFail(t *testing.T) {
	t.Parallel()
	s := startStripe(t)
	id := s.connect(t, "complete")
	path := "/v1/accounts/" + id
	tests := map[string]stripeapi.Kind{
		`{"status":500}`: stripeapi.Unreachable,
		`{"status":429}`: stripeapi.RateLimited,
		`{"status":401}`: stripeapi.KeyWrong,
		`{"status":403}`: stripeapi.AccountGone,
		`{"status":403,"code":"more_permissions_required"}`: stripeapi.KeyWrong,
		`{"status":404}`: stripeapi.Refused,
		`{"drop":true}`:  stripeapi.Unreachable,
	}
	for fault, want := range tests {
		s.meet(t, `[`+strings.Replace(fault, "{", `{"path":"`+path+`",`, 1)+`]`)
		_, err := s.Account(t.Context(), id)
		if kind := stripeError(t, err).Kind; kind != want {
			t.Errorf("%s: %s, want %s: %v", fault, kind, want, err)
		}
	}
	s.meet(t, `[]`)
	if _, err := s.Account(t.Context(), id); err != nil {
		t.Errorf("after the faults: %v", err)
	}
}

func TestDeauthorizedIsGoneAndStaysDone(t *testing.T) {
	t.Parallel()
	s := startStripe(t)
	id := s.connect(t, "complete")
	for range 2 {
		at, err := s.Deauthorize(t.Context(), id)
		if err != nil || at.To.IsZero() {
			t.Fatalf("at %v: %v", at, err)
		}
	}
	if _, err := s.Account(t.Context(), id); stripeapi.KindOf(err) != stripeapi.AccountGone {
		t.Errorf("error %v", err)
	}
}

func TestTheClientIDOfNobodyDisconnectsNothing(t *testing.T) {
	t.Parallel()
	s := startStripe(t)
	id := s.connect(t, "complete")
	stranger := clientAt(t, s.sandbox.URL(), func(cfg *stripeapi.Config) {
		cfg.SecretKey = stripeapi.Secret(s.sandbox.Platform().Key)
	})
	if at, err := stranger.Deauthorize(t.Context(), id); err == nil {
		t.Errorf("done at %v", at)
	}
	if _, err := s.Account(t.Context(), id); err != nil {
		t.Errorf("disconnected: %v", err)
	}
}

func TestThePlatformIsTheKeys(t *testing.T) {
	t.Parallel()
	s := startStripe(t)
	got, err := s.Platform(t.Context())
	if err != nil || got.AccountID != s.sandbox.Platform().Account || got.Livemode {
		t.Errorf("%+v, %v; want %s", got, err, s.sandbox.Platform().Account)
	}
	stranger := clientAt(t, s.sandbox.URL())
	if _, err := stranger.Platform(t.Context()); stripeapi.KindOf(err) != stripeapi.KeyWrong {
		t.Errorf("a key of nobody: %v", err)
	}
}

func TestAllAccountsAreListedOnce(t *testing.T) {
	t.Parallel()
	s := startStripe(t)
	var connected []string
	for range 5 {
		connected = append(connected, s.connect(t, "enabled"))
	}
	var listed []string
	for next, more := "", true; more; more = next != "" {
		page, err := s.Accounts(t.Context(), next, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.Accounts {
			listed = append(listed, a.AccountID)
		}
		next = page.Next
	}
	slices.Sort(connected)
	slices.Sort(listed)
	if diff := cmp.Diff(connected, listed); diff != "" {
		t.Errorf("accounts (-connected +listed):\n%s", diff)
	}
}
