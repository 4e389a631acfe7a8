package main

import (
	"encoding/json"
	"net/http"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/walktest"
)

// tolds are how often each session was told as paid, and how many failed payouts were.
func (o *outage) tolds() (sessions map[string]int, payouts int) {
	o.t.Helper()
	sessions = map[string]int{}
	for _, e := range ask[notify.Event](o.fleet, `select args from river_job where kind = 'event'`) {
		var data client.PaidCheckout
		switch e.Type {
		case notify.CheckoutPaid:
			if err := json.Unmarshal(e.Data, &data); err != nil {
				o.t.Fatal(err)
			}
			sessions[data.SessionID]++
		case notify.PayoutFailed:
			payouts++
		}
	}
	return sessions, payouts
}

// wantEachSaleTold: once of each account that is connected, and of the others at the most once.
func (o *outage) wantEachSaleTold(payouts int) {
	o.t.Helper()
	told, failed := o.tolds()
	if failed != payouts {
		o.t.Errorf("%d failed payouts were told, want %d", failed, payouts)
	}
	kept, gone := 0, 0
	for _, s := range o.sales {
		switch n := told[s.session]; {
		case o.ends[s.account] && n <= 1:
			gone++
		case n != 1:
			o.t.Errorf("paid session %s was told %d times", s.session, n)
		default:
			kept++
		}
	}
	if kept == 0 {
		o.t.Error("no sale was told")
	}
	o.t.Logf("%d paid Checkouts of connected accounts were told, each once; %d are of accounts that are gone", kept, gone)
}

// wantAllAsAtStripe compares every account with Stripe's.
func (o *outage) wantAllAsAtStripe() {
	o.t.Helper()
	at := o.atStripe()
	connected := 0
	for _, row := range ask[client.Account](o.fleet, `select row_to_json(a) from accounts a`) {
		there, ok := at[row.ID]
		switch {
		case !ok && row.DisconnectedAt == nil:
			o.t.Errorf("account %s is connected here, and not at Stripe", row.ID)
		case ok && row.DisconnectedAt != nil:
			o.t.Errorf("account %s is disconnected here, and not at Stripe", row.ID)
		case ok:
			connected++
			if row.ChargesEnabled == nil || *row.ChargesEnabled != there.ChargesEnabled || client.Text(row.DisplayName) != there.name() {
				o.t.Errorf("account %s: %+v here, %+v at Stripe", row.ID, row, there)
			}
		}
	}
	if connected != len(at) || connected == 0 {
		o.t.Errorf("%d accounts are connected here, %d at Stripe", connected, len(at))
	}
	o.t.Logf("%d accounts are as at Stripe, %d are gone", connected, len(o.ends))
}

type stripeAccount struct {
	ID              string
	ChargesEnabled  bool `json:"charges_enabled"`
	BusinessProfile struct {
		Name string
	} `json:"business_profile"`
	Settings struct {
		Dashboard struct {
			DisplayName string `json:"display_name"`
		}
	}
}

func (a stripeAccount) name() string {
	if name := a.Settings.Dashboard.DisplayName; name != "" {
		return name
	}
	return a.BusinessProfile.Name
}

func (o *outage) atStripe() map[string]stripeAccount {
	o.t.Helper()
	found := map[string]stripeAccount{}
	for after, more := "", true; more; {
		var page struct {
			Data    []stripeAccount
			HasMore bool `json:"has_more"`
		}
		query := "?limit=100"
		if after != "" {
			query += "&starting_after=" + after
		}
		res := o.Do(o.t, http.MethodGet, o.SandboxURL+"/v1/accounts"+query, o.PlatformKey, "")
		if err := json.Unmarshal([]byte(walktest.Read(o.t, res)), &page); err != nil {
			o.t.Fatal(err)
		}
		for _, a := range page.Data {
			found[a.ID], after = a, a.ID
		}
		more = page.HasMore
	}
	return found
}

// listings counts the calls that listed events.
func (o *outage) listings() (calls, accounts int) {
	o.t.Helper()
	var requests []struct{ Path, Account string }
	o.sandboxJSON("requests", &requests)
	asked := map[string]bool{}
	for _, r := range requests {
		if r.Path == "/v1/events" {
			calls++
			asked[r.Account] = true
		}
	}
	return calls, len(asked)
}

func (o *outage) reported() {
	o.t.Helper()
	calls, accounts := o.listings()
	for _, c := range ask[string](o.fleet, `select format('%s; %s accounts, %s events, %s of them missed, %s gone, %s failed, in %s',
		why, accounts, events, missed, gone, failed, finished_at - opened_at) from catch_ups order by id`) {
		o.t.Logf("a catch-up: %s", c)
	}
	o.t.Logf("%d calls listed the events of %d accounts", calls, accounts)
	for what, none := range map[string]string{
		"catch-up without an account, an event or one that was missed": `select why from catch_ups where not superseded and 0 in (accounts, events, missed)`,
		"pass that has checked nothing":                                `select id from scans where started_by like 'catch-up%' and checked = 0`,
	} {
		for _, found := range ask[string](o.fleet, none) {
			o.t.Errorf("a %s: %s", what, found)
		}
	}
	for _, pass := range ask[string](o.fleet, `select format('%s by %s: %s checked, %s changed, %s disconnected, %s newly unable, %s calls', state, started_by,
		checked, changed, disconnected, newly_unable, stripe_calls) from scans where started_by like 'catch-up%' order by started_at`) {
		o.t.Logf("its pass: %s", pass)
	}
}
