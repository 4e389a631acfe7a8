package stripeapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/stripeapi"
)

// TestEventsOfAnAccount are all of its own of these types from a time on, in pages, and no other account's.
func TestEventsOfAnAccount(t *testing.T) {
	t.Parallel()
	s := startStripe(t)
	ids := []string{"acct_one", "acct_two"}
	for _, id := range ids {
		s.control(t, "accounts", fmt.Sprintf(`{"persona":"complete","id":%q}`, id))
	}
	since := time.Now().Add(-24 * time.Hour)
	for i := range 230 {
		s.control(t, "events", fmt.Sprintf(`{"type":"payout.failed","account":%q,"id":"evt_%d","created":%d,"data":{"id":"po_1"}}`,
			ids[i%2], i, since.Unix()+int64(i)-4))
		s.control(t, "events", fmt.Sprintf(`{"type":"payout.paid","account":%q,"data":{"id":"po_1"}}`, ids[0]))
	}
	want := []string{}
	for i := 228; i >= 4; i -= 2 {
		want = append(want, fmt.Sprintf("evt_%d", i))
	}
	got, pages := s.events(t, stripeapi.EventQuery{AccountID: ids[0], Types: []string{"payout.failed", "checkout.session.completed"}, Since: since})
	if !slices.Equal(got, want) || pages != 2 {
		t.Errorf("%d events in %d pages: %v, want %d: %v", len(got), pages, got, len(want), want)
	}

	s.control(t, "accounts/"+ids[0]+"/deauthorize", "{}")
	_, err := s.Events(t.Context(), stripeapi.EventQuery{AccountID: ids[0], Since: since})
	if stripeapi.KindOf(err) != stripeapi.AccountGone {
		t.Errorf("of an account that is gone: %v", err)
	}
}

// events reads all pages.
func (s stripe) events(t *testing.T, q stripeapi.EventQuery) (ids []string, pages int) {
	t.Helper()
	for {
		page, err := s.Events(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, raw := range page.Events {
			var e struct{ ID, Account string }
			if err := json.Unmarshal(raw, &e); err != nil || e.Account != q.AccountID {
				t.Fatalf("%v: %s", err, raw)
			}
			ids = append(ids, e.ID)
		}
		if q.StartingAfter = page.Next; page.Next == "" {
			return ids, pages
		}
	}
}

// control says to the sandbox's own side what is to happen.
func (s stripe) control(t *testing.T, path, body string) {
	t.Helper()
	do(t, http.DefaultClient, http.MethodPost, s.sandbox.URL()+"/sandbox/"+path, body)
}
