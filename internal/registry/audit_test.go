package registry_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

func TestTheAuditIsOnlyEverAddedTo(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", registry.Reassigned("acct_1", "s2").By(account.Actor{Name: "key_1", Address: "192.0.2.7"}))
	for _, sql := range []string{
		"update audit set actor = 'nobody'", "delete from audit", "truncate audit", "delete from audit where false",
		"insert into audit (id, at, actor, action) overriding system value select id, at, 'nobody', action from audit on conflict (id) do update set actor = 'nobody'",
	} {
		if _, err := f.pool.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "only ever added to") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	f.want(registry.Applied, "", registry.Reassigned("acct_1", "s2").By(account.Actor{Name: "key_1"})) // who holds it already
	want := []string{"key_1 192.0.2.7 reassign s1 acct_1 s2"}
	if diff := cmp.Diff(want, f.lines(`select format('%s %s %s %s %s %s', actor, address, action, subject, account_id, seller_id) from audit`)); diff != "" {
		t.Error(diff)
	}
}

// TestAuditTellsForcedUnlinksApart from those of accounts that did not work, and says the names of keys.
func TestAuditTellsForcedUnlinksApart(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	if _, err := f.pool.Exec(t.Context(), `insert into api_keys (id, name, key_hash, scopes, created_at) values ('key_1', 'shop', '1', '{}', $1)`, at(1)); err != nil {
		t.Fatal(err)
	}
	a, err := f.Account(t.Context(), "acct_1")
	if err != nil {
		t.Fatal(err)
	}
	for _, a.AllowUnlink = range []bool{true, false} {
		if err := f.Unlinking(t.Context(), a, account.Actor{Name: "key_1"}); err != nil {
			t.Fatal(err)
		}
	}
	newest, err := f.Acts(t.Context(), a, 0, 1)
	if err != nil || len(newest) != 1 || newest[0].Subject != "forced" || newest[0].KeyName != "shop" {
		t.Fatalf("%+v (%v)", newest, err)
	}
	before, err := f.Acts(t.Context(), a, newest[0].ID, 10)
	if err != nil || len(before) != 1 || before[0].Subject != "" {
		t.Errorf("%+v (%v)", before, err)
	}
}

func TestActsOnAnAccount(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", registry.Granted(grant("s2", "acct_2", span(9, 10))))
	by := account.Actor{Name: "admin", Address: "192.0.2.7"}
	record := func(a registry.Act) {
		t.Helper()
		a.At, a.By = at(30), by
		if err := registry.Record(t.Context(), db.New(f.pool), a); err != nil {
			t.Fatal(err)
		}
	}
	record(registry.Act{Action: "create_link", Subject: "link_1", SellerID: "s1"})
	if err := f.Rechecking(t.Context(), "acct_1", by); err != nil {
		t.Fatal(err)
	}
	record(registry.Act{Action: "create_link", Subject: "link_2", SellerID: "s2"})
	if err := f.Rechecking(t.Context(), "acct_2", by); err != nil {
		t.Fatal(err)
	}
	record(registry.Act{Action: "sign_in"})
	if err := f.Rechecking(t.Context(), "acct_3", by); account.KindOf(err) != account.NotFound {
		t.Errorf("a check of nothing: %v", err)
	}
	a, err := f.Account(t.Context(), "acct_1")
	if err != nil {
		t.Fatal(err)
	}
	for limit := range 4 {
		acts, err := f.Acts(t.Context(), a, 0, limit)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, act := range acts {
			got = append(got, fmt.Sprintf("%s at %s: %s %s %s", act.By.Name, act.By.Address, act.Action, act.Subject, act.AccountID))
		}
		want := []string{"admin at 192.0.2.7: recheck  acct_1", "admin at 192.0.2.7: create_link link_1 "}
		if diff := cmp.Diff(want[:min(limit, 2)], got, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestWhoAppliesAPolicyIsKept(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	if _, err := f.ApplyPolicy(t.Context(), irishOnly(), 1, account.Actor{Name: "cli"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"cli  apply_policy 2"}, f.lines(`select format('%s %s %s %s', actor, address, action, subject) from audit`)); diff != "" {
		t.Error(diff)
	}
}
