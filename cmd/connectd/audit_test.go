package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// audited: what a person does to a working account is kept, with who did it: in the shell, or by which key.
func (o operator) audited(t *testing.T) {
	o.connect(t, "forced-1", "complete")
	o.connect(t, "forced-2", "complete")
	byShell, byKey := *o.readiness(t, "forced-1").AccountID, *o.readiness(t, "forced-2").AccountID
	key, _, _ := strings.Cut(strings.Split(expect(t, 0, o.database, "keys", "list"), "\n")[1], " ")

	expect(t, 0, o.database, "accounts", "reassign", byShell, "forced-3")
	expect(t, 0, o.stripe, "accounts", "unlink", "--force", byShell)
	o.api(t, http.MethodPost, "/v1/accounts/"+byKey+"/reassign", `{"seller_id":"forced-4"}`, http.StatusOK, nil)
	o.api(t, http.MethodPost, "/v1/accounts/"+byKey+"/unlink", `{"force":true}`, http.StatusOK, nil)
	o.api(t, http.MethodDelete, "/v1/sellers/forced-4", "", http.StatusNoContent, nil)

	want := []string{
		"cli reassign " + byShell + " forced-3", "cli unlink " + byShell + " forced-3",
		key + " reassign " + byKey + " forced-4", key + " unlink " + byKey + " forced-4", key + " erase " + byKey + " forced-4",
	}
	if diff := cmp.Diff(want, o.auditOf(t, byShell, byKey)); diff != "" {
		t.Error(diff)
	}
}

func (o operator) auditOf(t *testing.T, accounts ...string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), o.ready.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, _ := conn.Query(t.Context(), `select format('%s %s %s %s', actor, action, account_id, seller_id) from audit
		where account_id = any($1) order by id`, accounts) // CollectRows has its error
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return lines
}
