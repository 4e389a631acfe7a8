package sandbox_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
)

// stripeGo is Stripe's own client, pointed at the sandbox.
func (r *running) stripeGo(key string) *client.API {
	backend := func(kind stripe.SupportedBackend) stripe.Backend {
		return stripe.GetBackendWithConfig(kind, &stripe.BackendConfig{
			URL: stripe.String(r.URL()), HTTPClient: r.client, MaxNetworkRetries: stripe.Int64(0),
			LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
		})
	}
	api := &client.API{}
	api.Init(key, &stripe.Backends{
		API: backend(stripe.APIBackend), Connect: backend(stripe.ConnectBackend), Uploads: backend(stripe.UploadsBackend),
	})
	return api
}

func stripeError(t *testing.T, err error) *stripe.Error {
	t.Helper()
	var e *stripe.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %T: %v", err, err)
	}
	return e
}

func TestStripeGoReadsAccounts(t *testing.T) {
	t.Parallel()
	s := start(t)
	api := s.stripeGo(s.Platform().Key)
	id := s.account("document_failed")
	a, err := api.Accounts.GetByID(id, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.ID != id || a.ChargesEnabled || !a.DetailsSubmitted || a.Requirements.Errors[0].Code != "verification_document_not_readable" ||
		a.Requirements.DisabledReason != "requirements.past_due" || a.Settings.Dashboard.DisplayName == "" ||
		a.ExternalAccounts.Data[0].BankAccount.Last4 == "" || a.Capabilities.CardPayments != "inactive" {
		t.Errorf("account: %+v", a)
	}
	if a.LastResponse.RequestID == "" || a.LastResponse.Header.Get("Stripe-Version") != stripe.APIVersion {
		t.Errorf("headers: %v", a.LastResponse.Header)
	}
	own, err := api.Accounts.Get()
	if err != nil || own.ID != s.Platform().Account {
		t.Errorf("own account: %v %v", own, err)
	}
}

func TestStripeGoPagesBothWays(t *testing.T) {
	t.Parallel()
	s := start(t)
	var made []string
	for range 7 {
		made = append(made, s.account("complete"))
	}
	s.control("/sandbox/accounts/"+made[3]+"/deauthorize?silent=1", "")
	want := []string{made[6], made[5], made[4], made[2], made[1], made[0]}
	api := s.stripeGo(s.Platform().Key)
	ids := func(params *stripe.AccountListParams) []string {
		params.Limit = stripe.Int64(2)
		var got []string
		list := api.Accounts.List(params)
		for list.Next() {
			got = append(got, list.Account().ID)
		}
		if err := list.Err(); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if diff := cmp.Diff(want, ids(&stripe.AccountListParams{})); diff != "" {
		t.Errorf("forwards (-want +got):\n%s", diff)
	}
	backwards := &stripe.AccountListParams{ListParams: stripe.ListParams{EndingBefore: stripe.String(made[0])}}
	if diff := cmp.Diff([]string{made[1], made[2], made[4], made[5], made[6]}, ids(backwards)); diff != "" {
		t.Errorf("backwards (-want +got):\n%s", diff)
	}
}

func TestStripeGoGetsStripesErrors(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.account("complete")
	gone := s.account("complete")
	s.control("/sandbox/accounts/"+gone+"/deauthorize?silent=1", "")
	good := s.stripeGo(s.Platform().Key)
	for name, test := range map[string]struct {
		call   func() error
		status int
		code   stripe.ErrorCode
		param  string
	}{
		"disconnected account": {func() error { _, err := good.Accounts.GetByID(gone, nil); return err }, 403, stripe.ErrorCodeAccountInvalid, ""},
		"unknown account":      {func() error { _, err := good.Accounts.GetByID("acct_nobody", nil); return err }, 403, stripe.ErrorCodeAccountInvalid, ""},
		"wrong key": {func() error {
			_, err := s.stripeGo("sk_test_wrongwrongwrongwrong").Accounts.GetByID(id, nil)
			return err
		}, 401, "", ""},
		"live key": {func() error {
			_, err := s.stripeGo("sk_live_wrongwrongwrongwrong").Accounts.GetByID(id, nil)
			return err
		}, 401, "", ""},
		"no URL": {func() error {
			_, err := good.WebhookEndpoints.New(&stripe.WebhookEndpointParams{EnabledEvents: stripe.StringSlice([]string{"*"})})
			return err
		}, 400, stripe.ErrorCodeParameterMissing, "url"},
		"unknown event": {func() error { _, err := good.Events.Get("evt_nothing", nil); return err }, 404, stripe.ErrorCodeResourceMissing, "id"},
		"unknown cursor": {func() error {
			list := good.Accounts.List(&stripe.AccountListParams{ListParams: stripe.ListParams{StartingAfter: stripe.String("acct_nobody")}})
			list.Next()
			return list.Err()
		}, 400, stripe.ErrorCodeResourceMissing, "starting_after"},
		"limit": {func() error {
			list := good.Accounts.List(&stripe.AccountListParams{ListParams: stripe.ListParams{Limit: stripe.Int64(101)}})
			list.Next()
			return list.Err()
		}, 400, stripe.ErrorCodeParameterInvalidInteger, "limit"},
	} {
		t.Run(name, func(t *testing.T) {
			e := stripeError(t, test.call())
			if e.HTTPStatusCode != test.status || e.Code != test.code || e.Param != test.param ||
				e.Type != stripe.ErrorTypeInvalidRequest || e.Msg == "" || e.RequestID == "" {
				t.Errorf("error: %+v", e)
			}
		})
	}
}

func TestStripeGoExchangesAndDeauthorizes(t *testing.T) {
	t.Parallel()
	s := start(t)
	api := s.stripeGo(s.Platform().Key)
	code := s.grant(map[string][]string{"persona": {"complete"}}).Get("code")
	params := &stripe.OAuthTokenParams{GrantType: stripe.String("authorization_code"), Code: stripe.String(code)}
	got, err := api.OAuth.New(params)
	if err != nil {
		t.Fatal(err)
	}
	_, err = api.OAuth.New(params)
	if e := stripeError(t, err); e.OAuthError != "invalid_grant" || e.OAuthErrorDescription == "" || e.HTTPStatusCode != 400 {
		t.Errorf("second exchange: %+v", e)
	}
	_, err = api.OAuth.Del(&stripe.DeauthorizeParams{
		ClientID: stripe.String(s.Platform().ClientID), StripeUserID: stripe.String(got.StripeUserID),
	})
	if e := stripeError(t, err); e.OAuthError != "invalid_client" || e.HTTPStatusCode != 401 {
		t.Errorf("deauthorize of an account that was revoked: %+v", e)
	}
}

func TestStripeGoMakesChangesAndDeletesAccounts(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := s.receiver(always(http.StatusOK))
	api := s.stripeGo(s.Platform().Key)
	made, err := api.Accounts.New(&stripe.AccountParams{
		Type: stripe.String("custom"), Country: stripe.String("DE"), Email: stripe.String("a@b.example"),
		Capabilities: &stripe.AccountCapabilitiesParams{
			Transfers: &stripe.AccountCapabilitiesTransfersParams{Requested: stripe.Bool(true)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if made.Type != "custom" || made.Country != "DE" || made.Email != "a@b.example" || made.DetailsSubmitted {
		t.Errorf("account: %+v", made)
	}
	changed, err := api.Accounts.Update(made.ID, &stripe.AccountParams{
		BusinessProfile: &stripe.AccountBusinessProfileParams{Name: stripe.String("Shop")},
		Settings: &stripe.AccountSettingsParams{Payouts: &stripe.AccountSettingsPayoutsParams{
			Schedule: &stripe.AccountSettingsPayoutsScheduleParams{DelayDays: stripe.Int64(7)},
		}},
		Metadata: map[string]string{"k": "v"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if changed.BusinessProfile.Name != "Shop" || changed.Settings.Payouts.Schedule.DelayDays != 7 || changed.Metadata["k"] != "v" {
		t.Errorf("changed account: %+v", changed)
	}
	want := map[string]any{
		"business_profile": map[string]any{"name": nil},
		"settings":         map[string]any{"payouts": map[string]any{"schedule": map[string]any{"delay_days": 2.0}}},
		"metadata":         map[string]any{"k": nil},
	}
	if diff := cmp.Diff(want, rec.next().Data.PreviousAttributes); diff != "" {
		t.Errorf("previous_attributes (-want +got):\n%s", diff)
	}
	deleted, err := api.Accounts.Del(made.ID, nil)
	if err != nil || !deleted.Deleted {
		t.Errorf("delete: %+v %v", deleted, err)
	}
	if e := rec.next(); e.Type != "account.application.deauthorized" || e.Account != made.ID {
		t.Errorf("event of the deletion: %s of %s", e.Type, e.Account)
	}
}

func TestStripeGoRegistersEndpoints(t *testing.T) {
	t.Parallel()
	s := start(t)
	api := s.stripeGo(s.Platform().Key)
	made, err := api.WebhookEndpoints.New(&stripe.WebhookEndpointParams{
		URL: stripe.String("https://a.example/hook"), Connect: stripe.Bool(true),
		EnabledEvents: stripe.StringSlice([]string{"account.updated", "payout.failed"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	off, err := api.WebhookEndpoints.Update(made.ID, &stripe.WebhookEndpointParams{
		Disabled: stripe.Bool(true), Metadata: map[string]string{"a": "b"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if made.Secret == "" || made.Status != "enabled" || off.Status != "disabled" || off.Secret != "" ||
		len(off.EnabledEvents) != 2 || off.Metadata["a"] != "b" || off.Application != s.Platform().ClientID {
		t.Errorf("made %+v\nswitched off %+v", made, off)
	}
	if _, err := api.WebhookEndpoints.Del(made.ID, nil); err != nil {
		t.Fatal(err)
	}
	_, err = api.WebhookEndpoints.Get(made.ID, nil)
	if e := stripeError(t, err); e.HTTPStatusCode != http.StatusNotFound {
		t.Errorf("deleted endpoint: %+v", e)
	}
}

func TestStripeGoListsEventsOfWhoAsks(t *testing.T) {
	t.Parallel()
	s := start(t)
	api := s.stripeGo(s.Platform().Key)
	id := s.account("complete")
	s.control("/sandbox/accounts/"+id, `{"charges_enabled":false}`)
	s.control("/sandbox/events", `{"type":"balance.available","data":{"object":"balance"}}`)
	types := func(account string) []string {
		params := &stripe.EventListParams{}
		if account != "" {
			params.SetStripeAccount(account)
		}
		var got []string
		list := api.Events.List(params)
		for list.Next() {
			got = append(got, string(list.Event().Type))
		}
		if err := list.Err(); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if diff := cmp.Diff([]string{"balance.available"}, types("")); diff != "" {
		t.Errorf("platform's (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"account.updated"}, types(id)); diff != "" {
		t.Errorf("account's (-want +got):\n%s", diff)
	}
}
