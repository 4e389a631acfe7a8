package api_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
)

type accountPage struct {
	Data       []client.Account `json:"data"`
	NextCursor *string          `json:"next_cursor"`
}

type changePage struct {
	Data       []client.Change `json:"data"`
	NextCursor *string         `json:"next_cursor"`
}

func TestAnAccountIsItsRow(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "document_failed")
	row, err := s.registry.Account(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	got := decode[client.Account](s.get("/v1/accounts/"+id), http.StatusOK)
	if diff := cmp.Diff(row, got); diff != "" {
		t.Error(diff)
	}
	if got.SellerID != "s1" || got.Status != "restricted" || len(got.Requirements.Errors) == 0 || got.NextCheckAt == nil {
		t.Errorf("%+v", got)
	}
}

func TestAccountsOfNoOneAreAnEmptyList(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if got := s.get("/v1/accounts"); string(got.body) != `{"data":[],"next_cursor":null}`+"\n" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestAccountsComeInPages(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, seller := range []string{"a", "b", "c", "d", "e"} {
		s.connect(seller, "complete")
	}
	var sellers []string
	query := url.Values{"sort": {"seller_id"}, "limit": {"2"}}
	for range 3 {
		page := decode[accountPage](s.get("/v1/accounts?"+query.Encode()), http.StatusOK)
		for _, a := range page.Data {
			sellers = append(sellers, a.SellerID)
		}
		if page.NextCursor == nil {
			break
		}
		query.Set("cursor", *page.NextCursor)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "e"}, sellers); diff != "" {
		t.Error(diff)
	}
}

func TestAccountsAreFiltered(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.connect("works", "complete")
	s.connect("blocked", "restricted")
	s.connect("begun", "incomplete")
	past, future := time.Now().Add(-time.Hour), time.Now().Add(60*24*time.Hour)
	for _, c := range []struct {
		query string
		want  []string
	}{
		{"status=restricted", []string{"blocked"}},
		{"status=rejected", nil},
		{"status=", []string{"begun", "blocked", "works"}},
		{"can_transact=true", []string{"works"}},
		{"can_transact=false", []string{"begun", "blocked"}},
		{"q=WORK", []string{"works"}},
		{"q=%25", nil},
		{"country=zz", nil},
		{"due_before=" + url.QueryEscape(past.Format(time.RFC3339)), nil},
		{"due_before=" + url.QueryEscape(future.Format(time.RFC3339Nano)), []string{"begun", "blocked", "works"}},
		{"checked_before=" + url.QueryEscape(future.Format(time.RFC3339)), []string{"begun", "blocked", "works"}},
		{"checked_before=" + url.QueryEscape(past.Format(time.RFC3339)), nil},
		{"sort=-seller_id&limit=1", []string{"works"}},
	} {
		sort := "&sort=seller_id"
		if strings.Contains(c.query, "sort=") {
			sort = ""
		}
		var sellers []string
		for _, a := range decode[accountPage](s.get("/v1/accounts?"+c.query+sort), http.StatusOK).Data {
			sellers = append(sellers, a.SellerID)
		}
		if diff := cmp.Diff(c.want, sellers); diff != "" {
			t.Errorf("%s:\n%s", c.query, diff)
		}
	}
}

func TestACountryIsFoundInEitherCase(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	country := *decode[client.Account](s.get("/v1/accounts/"+id), http.StatusOK).Country
	for _, c := range []string{country, strings.ToLower(country)} {
		if got := decode[accountPage](s.get("/v1/accounts?country="+c), http.StatusOK); len(got.Data) != 1 {
			t.Errorf("%s: %d accounts", c, len(got.Data))
		}
	}
}

func TestWrongQueriesAreToldWhere(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for query, location := range map[string]string{
		"limit=0":                             "query.limit",
		"limit=1001":                          "query.limit",
		"limit=-1":                            "query.limit",
		"limit=ten":                           "query.limit",
		"limit=99999999999999999999":          "query.limit",
		"cursor=nonsense":                     "query.cursor",
		"cursor=%00":                          "query.cursor",
		"cursor=eyJzIjoiaWQifQ&sort=-id":      "query.cursor",
		"status=fine":                         "query.status",
		"can_transact=maybe":                  "query.can_transact",
		"country=Ireland":                     "query.country",
		"country=%00%00":                      "query.country",
		"q=a%00b":                             "query.q",
		"q=%ff":                               "query.q",
		"q=" + strings.Repeat("a", 256):       "query.q",
		"due_before=tomorrow":                 "query.due_before",
		"checked_before=2026-13-01":           "query.checked_before",
		"sort=secret":                         "query.sort",
		"sort=%00":                            "query.sort",
		"seller=s1":                           "query.seller",
		"cursor=" + strings.Repeat("a", 5000): "query.cursor",
		"status=enabled&status=rejected":      "query.status",
		"can_transact=true&can_transact=true": "query.can_transact",
		"limit=1&sort=id&limit=2":             "query.limit",
		"status=enabled&status=":              "query.status",
		"seller=a&seller=b":                   "query.seller",
		"status=%zz":                          "query",
		"status=enabled;limit=1":              "query",
	} {
		wantProblem(s.get("/v1/accounts?"+query), http.StatusUnprocessableEntity, "invalid", location)
	}
	wantProblem(s.get("/v1/accounts?status=enabled&status=rejected&limit=1&limit=1"),
		http.StatusUnprocessableEntity, "invalid", "query.limit", "query.status")
	id := s.connect("s1", "complete")
	for query, location := range map[string]string{
		"limit=0": "query.limit", "cursor=x": "query.cursor", "cursor=-1": "query.cursor", "cursor=0": "query.cursor",
	} {
		wantProblem(s.get("/v1/accounts/"+id+"/changes?"+query), http.StatusUnprocessableEntity, "invalid", location)
	}
}

func TestHistoryIsNewestFirstInPages(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	s.control("accounts/"+id+"?silent=1", `{"charges_enabled":false}`)
	if got := s.post("/v1/accounts/"+id+"/recheck", ""); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	whole := decode[changePage](s.get("/v1/accounts/"+id+"/changes"), http.StatusOK)
	var sources []string
	for _, c := range whole.Data {
		sources = append(sources, c.Source+" "+c.After.Status)
	}
	if diff := cmp.Diff([]string{"recheck restricted", "oauth enabled", "oauth incomplete"}, sources); diff != "" {
		t.Error(diff)
	}
	if oldest := whole.Data[2]; oldest.Before != nil && oldest.Before.Status != "not_connected" {
		t.Errorf("before the first: %+v", oldest.Before)
	}

	first := decode[changePage](s.get("/v1/accounts/"+id+"/changes?limit=2"), http.StatusOK)
	if first.NextCursor == nil {
		t.Fatal("no next page")
	}
	second := decode[changePage](s.get("/v1/accounts/"+id+"/changes?limit=2&cursor="+*first.NextCursor), http.StatusOK)
	if diff := cmp.Diff(whole.Data, append(first.Data, second.Data...)); diff != "" || second.NextCursor != nil {
		t.Errorf("next cursor %v\n%s", second.NextCursor, diff)
	}
}

func TestAChangeHoldsNothingThatIsOnlyKnownWhenRead(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.get("/v1/accounts/" + s.connect("s1", "complete") + "/changes")
	if got.status != http.StatusOK || bytes.Contains(got.body, []byte(`"stale"`)) || bytes.Contains(got.body, []byte(`"version"`)) {
		t.Errorf("%d %s", got.status, got.body)
	}
}
