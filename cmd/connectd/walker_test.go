package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/walktest"
)

// snapshot is all accounts as rows, and how many the sandbox holds.
type snapshot struct {
	accounts []client.Account
	sandbox  string
}

func (w walk) snapshot() snapshot {
	w.t.Helper()
	return snapshot{w.accounts(w.t, "limit=1000&sort=id").Data, w.sandboxAccounts(w.t)}
}

// sameAs holds that a demo started again has all that it had, and that all it gave still works.
func (w walk) sameAs(t *testing.T, before snapshot, given app.Ready) {
	t.Helper()
	now := w.snapshot()
	if len(now.accounts) != len(before.accounts) || now.sandbox != before.sandbox {
		t.Fatalf("%d accounts, then %d", len(before.accounts), len(now.accounts))
	}
	for i, a := range now.accounts {
		if a.ID != before.accounts[i].ID || a.SellerID != before.accounts[i].SellerID || a.Status != before.accounts[i].Status {
			t.Errorf("account %+v became %+v", before.accounts[i], a)
		}
	}
	if w.APIKey != given.APIKey || w.AdminPassword != given.AdminPassword ||
		w.WebhookSecret != given.WebhookSecret || w.PlatformKey != given.PlatformKey {
		t.Error("key, password or secrets changed")
	}
	acct := *w.Readiness(t, "complete").AccountID
	w.API(t, http.MethodPost, "/v1/accounts/"+acct+"/recheck", "", http.StatusOK, nil)
}

func (w walk) sandboxAccounts(t *testing.T) string {
	t.Helper()
	res := w.Do(t, http.MethodGet, w.SandboxURL+"/v1/accounts?limit=100", w.PlatformKey, "")
	var page struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(walktest.Read(t, res)), &page); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(page.Data)
}

type accountList struct {
	Data       []client.Account `json:"data"`
	NextCursor *string          `json:"next_cursor"`
}

func (w walk) accounts(t *testing.T, query string) accountList {
	t.Helper()
	var list accountList
	w.API(t, http.MethodGet, "/v1/accounts?"+query, "", http.StatusOK, &list)
	return list
}

// exchanges counts what reached the sandbox's exchange.
func (w walk) exchanges(t *testing.T) int {
	t.Helper()
	res := w.Do(t, http.MethodGet, w.SandboxURL+"/sandbox/requests", "", "")
	return strings.Count(walktest.Read(t, res), `"/oauth/token"`)
}
