package notify_test

import (
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/registry"
)

func TestAnErasedSellersNameIsInNothingThatWasToldOrIsToBe(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	e := s.endpoint("https://shop.example.com/events")
	s.connect("s1", "acct_1")
	s.report("acct_1", working())
	s.connect("s2", "acct_2")
	s.report("acct_2", working())
	renamed := working()
	renamed.DisplayName = "Red Kiln"
	s.report("acct_1", renamed)
	event := s.event("acct_1")
	s.observe(registry.Noted(event).Telling(registry.Notice{Type: notify.PayoutFailed, ID: event.ID}))
	event = s.event("acct_1")
	s.observe(registry.Noted(event).Telling(registry.Notice{Type: notify.CheckoutPaid, ID: "cs_1", Data: []byte(`{"session_id":"cs_1"}`)}))
	s.follow()
	s.deauthorize("acct_1")
	if err := s.registry.EraseSeller(t.Context(), "s1", by); err != nil {
		t.Fatal(err)
	}
	s.follow()
	for _, table := range []string{"deliveries", "river_job", "account_changes"} {
		for _, name := range []string{"Red Kiln", "Blue Kiln"} {
			sql := "select count(*) from " + table + " x where x::text like '%' || $1 || '%' and x::text not like '%acct_2%'"
			if n := s.count(sql, name); n > 0 {
				t.Errorf("%s is in %d rows of %s", name, n, table)
			}
		}
	}
	kept := 0
	for _, event := range s.sent(e) {
		if seller := sellerEvent(t, event); seller.SellerID == "s2" && seller.DisplayName != nil {
			kept++
		}
		if !strings.Contains(string(event.Data), `"previous"`) {
			t.Errorf("%s", event.Data)
		}
	}
	if kept != 1 || s.count("select count(*) from river_job where kind = 'event'") != 2 {
		t.Errorf("of another seller %d events are left", kept)
	}
}
