package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/walktest"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// audited: what a person does to a working account is kept, with who did it: in the shell, or by which key.
func (o operator) audited(t *testing.T) {
	o.Connect(t, "forced-1", "complete")
	o.Connect(t, "forced-2", "complete")
	byShell, byKey := *o.Readiness(t, "forced-1").AccountID, *o.Readiness(t, "forced-2").AccountID
	key, _, _ := strings.Cut(strings.Split(expect(t, 0, o.database, "keys", "list"), "\n")[1], " ")

	expect(t, 0, o.stripe, "accounts", "recheck", byShell)
	expect(t, 0, o.database, "accounts", "reassign", byShell, "forced-3")
	expect(t, 0, o.stripe, "accounts", "unlink", "--force", byShell)
	o.API(t, http.MethodPost, "/v1/accounts/"+byKey+"/recheck", "", http.StatusOK, nil)
	o.API(t, http.MethodPost, "/v1/accounts/"+byKey+"/reassign", `{"seller_id":"forced-4"}`, http.StatusOK, nil)
	o.API(t, http.MethodPost, "/v1/accounts/"+byKey+"/unlink", `{"force":true}`, http.StatusOK, nil)
	o.API(t, http.MethodDelete, "/v1/sellers/forced-4", "", http.StatusNoContent, nil)

	byKeyHere := key + " at 127.0.0.1:"
	want := []string{
		"cli at : recheck " + byShell + " forced-1", "cli at : reassign " + byShell + " forced-3", "cli at : unlink " + byShell + " forced-3",
		byKeyHere + " recheck " + byKey + " forced-2", byKeyHere + " reassign " + byKey + " forced-4", byKeyHere + " unlink " + byKey + " forced-4",
		byKeyHere + " erase " + byKey + " forced-4",
	}
	if diff := cmp.Diff(want, o.auditOf(t, byShell, byKey)); diff != "" {
		t.Error(diff)
	}
}

// actsAreKept: what is about no account, too.
func (o operator) actsAreKept(t *testing.T) {
	key := strings.TrimSpace(expect(t, 0, o.database, "keys", "create", "--name", "audited", "--scope", "readiness:read"))
	if key == "" {
		t.Fatal("no key")
	}
	conn, err := pgx.Connect(t.Context(), o.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var keyID, linkID string
	if err := conn.QueryRow(t.Context(), "select id from api_keys where name = 'audited'").Scan(&keyID); err != nil {
		t.Fatal(err)
	}
	expect(t, 0, o.database, "keys", "revoke", keyID)
	o.API(t, http.MethodPost, "/v1/onboarding-links", `{"seller_id":"audited-1"}`, http.StatusCreated, nil)
	if err := conn.QueryRow(t.Context(), "select id from onboarding_links where seller_id = 'audited-1'").Scan(&linkID); err != nil {
		t.Fatal(err)
	}
	expect(t, 0, o.database, "links", "revoke", linkID)
	rows, _ := conn.Query(t.Context(), `select format('%s %s %s', action, subject, seller_id) from audit
		where subject in ($1, $2) order by id`, keyID, linkID) // CollectRows has its error
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"create_key " + keyID + " ", "revoke_key " + keyID + " ", "create_link " + linkID + " audited-1", "revoke_link " + linkID + " audited-1",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

// comesThroughAProxy: the address that the audit keeps is whom the proxy speaks for, and that of others is their own.
func (o operator) comesThroughAProxy(t *testing.T) {
	o.Connect(t, "proxied-1", "complete")
	id := *o.Readiness(t, "proxied-1").AccountID
	for _, forwarded := range []string{"198.51.100.1", "unknown"} {
		res := o.Do(t, http.MethodPost, o.BaseURL+"/v1/accounts/"+id+"/recheck", o.APIKey, "", "X-Forwarded-For", forwarded)
		if body := walktest.Read(t, res); res.StatusCode != http.StatusOK {
			t.Fatalf("%d: %s", res.StatusCode, body)
		}
	}
	got := o.auditOf(t, id)
	if len(got) != 2 || !strings.Contains(got[0], " at 198.51.100.1: recheck ") || !strings.Contains(got[1], " at 127.0.0.1: recheck ") {
		t.Errorf("the audit says %q", got)
	}
}

func (o operator) auditOf(t *testing.T, accounts ...string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), o.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, _ := conn.Query(t.Context(), `select format('%s at %s: %s %s %s', actor, address, action, account_id, seller_id) from audit
		where account_id = any($1) order by id`, accounts) // CollectRows has its error
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return lines
}
