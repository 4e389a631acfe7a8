package webhook_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/sandbox"
	ours "github.com/connectd/connectd/internal/webhook"
)

// realObjects are the objects of the real payloads that CONNECTD_PAYLOADS names, by their files.
func realObjects(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	folder := os.Getenv("CONNECTD_PAYLOADS")
	if folder == "" {
		t.Skip("CONNECTD_PAYLOADS is not set: it names the folder of real payloads")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d payloads, %v", folder, len(files), err)
	}
	objects := map[string]json.RawMessage{}
	for _, file := range files {
		objects[filepath.Base(file)] = objectIn(t, file)
	}
	return objects
}

// objectIn takes the object out of an event or its data, or what is an object itself.
func objectIn(t *testing.T, file string) json.RawMessage {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var whole struct {
		Data   struct{ Object json.RawMessage }
		Object json.RawMessage
	}
	if json.Unmarshal(body, &whole) == nil && whole.Data.Object != nil {
		return whole.Data.Object
	}
	if len(whole.Object) > 0 && whole.Object[0] == '{' {
		return whole.Object
	}
	return body
}

// Each real object, in an event of each type: whatever Stripe puts there, nothing personal is stored.
func TestNothingPersonalOfRealPayloadsIsKept(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	for file, object := range realObjects(t) {
		for _, typ := range ours.Types() {
			e := happened("evt_"+file+"_"+typ, typ, string(object))
			e.Account = strings.Trim(idOf(t, object), `"`)
			if e.Account == "" {
				e.Account = "acct_1"
			}
			r.take(e)
			wantImpersonal(t, r.kept(e.ID).Payload)
		}
	}
}

func idOf(t *testing.T, object json.RawMessage) string {
	t.Helper()
	var o struct{ ID json.RawMessage }
	if err := json.Unmarshal(object, &o); err != nil {
		t.Fatal(err)
	}
	return string(o.ID)
}

// wantImpersonal holds a payload against what names persons, reaches them or pays them, as values and as names of parts.
func wantImpersonal(t *testing.T, payload string) {
	t.Helper()
	for _, private := range []string{
		"@", "Chris", "+353", "42424", "Bank Name", "BANK", "04-00-75", "last4", "routing", "fingerprint", `"email`, "phone", "address",
		"external_accounts", "company", "individual", "customer", "tos_acceptance", "shipping", "https://",
	} {
		if strings.Contains(payload, private) {
			t.Errorf("kept %q in %s", private, payload)
		}
	}
}

// containsPrivate reports whether something of a test's that is marked as private was kept.
func containsPrivate(payload string) bool { return strings.Contains(payload, "PRIVATE") }

// whole is an account of which no part is missing, in the version.
func whole(id, version string) stripeEvent {
	e := updated(id, works+`,"type":"standard","country":"IE","default_currency":"eur","capabilities":{"card_payments":"active"},
		"requirements":{"currently_due":[],"past_due":[],"eventually_due":[],"pending_verification":[],"errors":[],"disabled_reason":null},
		"future_requirements":{"currently_due":[]},"settings":{"dashboard":{"display_name":"Blue Kiln"}}`)
	e.Version = version
	return e
}

func TestWholeEventOfATestedVersionLeavesTheAccountAlone(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"2020-08-27", "2022-08-01", "2022-11-15", "2023-08-16", "2023-10-16"} {
		r := newReceiver(t)
		r.settle("acct_1")
		r.take(whole("evt_1", version))
		r.wantStatus("s1", account.Enabled)
		if r.isDue("acct_1") {
			t.Errorf("a whole event of %s has made the account due", version)
		}
	}
}

func TestEventOfAnotherVersionIsAppliedAndMakesTheAccountDue(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"", "2014-12-22", "2019-02-19", "2021-01-01", "2024-04-10", "2025-03-31.basil", "new"} {
		r := newReceiver(t)
		r.settle("acct_1")
		r.take(whole("evt_1", version))
		r.wantStatus("s1", account.Enabled)
		if k := r.kept("evt_1"); k.Outcome != "applied" || !r.isDue("acct_1") {
			t.Errorf("%q is kept as %+v, due %t", version, k, r.isDue("acct_1"))
		}
	}
}

// Each part is taken away, nulled and of another form in turn: the event is applied, and the account is due.
func TestEventThatLacksAPartMakesTheAccountDue(t *testing.T) {
	t.Parallel()
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(whole("", "").Data.Object, &parts); err != nil {
		t.Fatal(err)
	}
	r := newReceiver(t)
	created := time.Now().Add(-30 * time.Minute).Unix()
	for _, part := range slices.Sorted(maps.Keys(parts)) {
		for _, form := range []string{"", "null", `"?"`} {
			if part == "id" || part == "object" || form == `"?"` && (part == "type" || part == "country" || part == "default_currency") {
				continue
			}
			lacking := maps.Clone(parts)
			delete(lacking, part)
			if form != "" {
				lacking[part] = json.RawMessage(form)
			}
			object, err := json.Marshal(lacking)
			if err != nil {
				t.Fatal(err)
			}
			created++
			full, e := whole("evt_whole_"+part+form, "2023-10-16"), whole("evt_"+part+form, "2023-10-16")
			full.ID, e.ID = strings.ReplaceAll(full.ID, `"?"`, "_odd"), strings.ReplaceAll(e.ID, `"?"`, "_odd")
			full.Created = created
			created++
			e.Created, e.Data.Object = created, object
			r.take(full)
			r.settle("acct_1")
			r.take(e)
			if k := r.kept(e.ID); k.Outcome != "applied" || !r.isDue("acct_1") {
				t.Errorf("%s as %q is kept as %+v, due %t", part, form, k, r.isDue("acct_1"))
			}
		}
	}
	r.wantStatus("s1", account.Enabled)
}

func TestRealAccountIsWhole(t *testing.T) {
	t.Parallel()
	objects := realObjects(t)
	for file, version := range map[string]string{"account.updated.json": "2020-08-27", "openapi-account.json": "2023-10-16"} {
		r := newReceiver(t)
		e := happened("evt_1", "account.updated", string(objects[file]))
		e.Version, e.Account = version, strings.Trim(idOf(t, objects[file]), `"`)
		r.grant("s2", e.Account)
		r.settle(e.Account)
		r.take(e)
		if k := r.kept("evt_1"); k.Outcome != "applied" || r.isDue(e.Account) {
			t.Errorf("%s is kept as %+v, due %t", file, k, r.isDue(e.Account))
		}
	}
}

// The sandbox's accounts have the form of Stripe's specification of 2023-10-16.
func TestAccountOfEachPersonaIsWhole(t *testing.T) {
	t.Parallel()
	f := newFed(t)
	f.settle(sandboxed)
	for _, persona := range sandbox.Personas() {
		f.control("accounts", `{"id":"acct_1`+persona+`","persona":"`+persona+`"}`)
		f.grant("seller-"+persona, "acct_1"+persona)
		f.settle("acct_1" + persona)
		f.control("clock", `{"advance":"2s"}`)
		f.control("accounts/acct_1"+persona, `{"business_profile":{"product_description":"Pots"}}`)
	}
	f.waitFor("all events", func() bool {
		return f.count("select count(*) from stripe_events where outcome = 'applied'") == len(sandbox.Personas())
	})
	if n := f.count("select count(*) from accounts where next_check_at <= statement_timestamp()"); n != 0 {
		t.Errorf("%d accounts are due", n)
	}
}

// A stored event, read again by another database's registry, has the effect that Stripe's delivery had.
func TestStoredEventSaysTheSameAgain(t *testing.T) {
	t.Parallel()
	events := []stripeEvent{
		whole("evt_1", "2023-10-16"),
		whole("evt_2", "2019-02-19"),
		updated("evt_3", personal),
		updated("evt_4", `,"charges_enabled":true,"capabilities":{"odd":{"status":"active"},"gone":null,"n":7},"requirements":{"currently_due":[{},"a",7]},
			"future_requirements":[],"settings":"PRIVATE","display_name":{"first":"PRIVATE"},"verification":{"fields_needed":["b"],"due_by":"1700000000"}`),
		happened("evt_5", "payout.failed", `{"id":"po_1"}`),
		happened("evt_6", "checkout.session.completed", session(`,"payment_status":"paid"`)),
		happened("evt_7", "account.application.deauthorized", `{"id":"ca_1"}`),
	}
	first, again := newReceiver(t), newReceiver(t)
	for i := range events {
		events[i].Created += int64(i)
		first.settle("acct_1")
		again.settle("acct_1")
		first.take(events[i])
		payload := first.kept(events[i].ID).Payload
		if containsPrivate(payload) {
			t.Errorf("kept %s", payload)
		}
		again.replay(payload)
		if a, b := first.state(), again.state(); a != b {
			t.Errorf("%s left\n%s\nand, read again,\n%s", events[i].ID, a, b)
		}
		if stored := again.kept(events[i].ID).Payload; stored != payload {
			t.Errorf("%s is kept as\n%s\nand, read again, as\n%s", events[i].ID, payload, stored)
		}
	}
}

func (r *receiver) replay(payload string) {
	r.t.Helper()
	o, err := ours.Reread(payload)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.observe(o); err != nil {
		r.t.Fatal(err)
	}
}

// state is what an event can change, but for times of ours.
func (r *receiver) state() (s string) {
	r.t.Helper()
	err := r.pool.QueryRow(r.t.Context(), `select concat_ws(' ', a.status, a.can_transact, a.type, a.display_name, a.country, a.default_currency,
		a.charges_enabled, a.payouts_enabled, a.details_submitted, a.requirements, a.future_requirements, a.capabilities,
		a.revision, a.disconnected_at is null, a.next_check_at <= statement_timestamp(), (select count(*) from river_job))
		from accounts a where a.id = 'acct_1'`).Scan(&s)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}
