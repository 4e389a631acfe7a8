package api_test

import (
	"net/http"
	"net/url"
	"testing"

	"pgregory.net/rapid"

	"github.com/connectd/connectd/internal/account"
)

func TestAnySellerIDIsAnsweredOrRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	rapid.Check(t, func(rt *rapid.T) {
		id := rapid.OneOf(
			rapid.String(), rapid.StringMatching(`[A-Za-z0-9._:@-]{0,260}`), rapid.StringMatching(`[.]{0,3}[/%]?[a-z]{0,2}`),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		).Draw(rt, "id")
		want := http.StatusOK
		if account.CheckSellerID(id) != nil {
			want = http.StatusUnprocessableEntity
		}
		if got := s.get("/v1/sellers/" + url.PathEscape(id) + "/readiness"); got.status != want {
			rt.Fatalf("%q: %d, want %d: %s", id, got.status, want, got.body)
		}
	})
}

func TestAnyQueryIsAnsweredOrRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.connect("s1", "complete")
	names := []string{"status", "can_transact", "country", "q", "due_before", "checked_before", "sort", "limit", "cursor", "x"}
	rapid.Check(t, func(rt *rapid.T) {
		query := url.Values{}
		for range rapid.IntRange(1, 3).Draw(rt, "n") {
			query.Set(rapid.SampledFrom(names).Draw(rt, "name"), rapid.OneOf(
				rapid.String(), rapid.SampledFrom([]string{"enabled", "true", "IE", "-id", "10", "eyJzIjoiLWlkIn0", "9999-12-31T23:59:59Z"}),
			).Draw(rt, "value"))
		}
		got := s.get("/v1/accounts?" + query.Encode())
		if got.status != http.StatusOK && got.status != http.StatusUnprocessableEntity {
			rt.Fatalf("%s: %d %s", query.Encode(), got.status, got.body)
		}
	})
}
