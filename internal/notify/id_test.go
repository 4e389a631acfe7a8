package notify

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

// TestANoticeHasOneID whenever, and by whichever of Stripe's events, it is told; another has another.
func TestANoticeHasOneID(t *testing.T) {
	t.Parallel()
	paid := idOf(registry.Notice{Type: CheckoutPaid, ID: "cs_1", EventID: "evt_1", At: time.Unix(1, 0), Position: 7})
	again := idOf(registry.Notice{Type: CheckoutPaid, ID: "cs_1", EventID: "evt_2", At: time.Unix(2, 0), Position: 9})
	if paid != again || !regexp.MustCompile(`^msg_[A-Z2-7]{26}$`).MatchString(paid) {
		t.Errorf("%s, then %s", paid, again)
	}
	for _, other := range []registry.Notice{{Type: CheckoutPaid, ID: "cs_2"}, {Type: PayoutFailed, ID: "cs_1"}} {
		if idOf(other) == paid {
			t.Errorf("%+v has the id of another", other)
		}
	}
}

// TestANoticesIDIsTheWebhookID of what is delivered, and stands in the header alone.
func TestANoticesIDIsTheWebhookID(t *testing.T) {
	t.Parallel()
	told := Event{ID: "msg_1", Type: CheckoutPaid, Data: json.RawMessage(`{}`)}
	deliveries, err := deliveriesOf(happening{Event: told}, []db.ListeningEndpointsRow{{ID: "ep_1"}, {ID: "ep_2"}})
	if err != nil || len(deliveries) != 2 {
		t.Fatalf("%d deliveries, %v", len(deliveries), err)
	}
	for _, d := range deliveries {
		if d.EventID != "msg_1" || strings.Contains(d.Body, "msg_1") {
			t.Errorf("id %s, body %s", d.EventID, d.Body)
		}
	}
}
