//go:build faults

package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/connectd/connectd/client"
)

// receiver takes connectd's own events, and sometimes has trouble of its own.
type receiver struct {
	person
	mu     sync.Mutex
	secret string
}

// listen registers it. It tries until that is answered, before anything is broken.
func (r *receiver) listen(ctx context.Context) {
	r.t.Helper()
	address := serve(r.t, r).URL
	var made client.EventEndpoint
	r.ask(ctx, request{what: "endpoint", method: http.MethodPost, path: "/v1/event-endpoints", body: `{"url":"` + address + `"}`},
		func(_ *http.Response, body []byte) string {
			if json.Unmarshal(body, &made) != nil {
				return "an endpoint that can be read"
			}
			return "endpoint " + made.ID
		})
	if made.Secret == "" {
		r.t.Fatal("no endpoint of signed events could be made")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret = made.Secret
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the sender was killed
	}
	r.mu.Lock()
	fails := r.choose.IntN(10) == 0
	event, err := client.VerifyEvent(r.secret, req.Header, body)
	r.mu.Unlock()
	if err != nil {
		r.t.Errorf("what came is not an event: %v: %s", err, body)
		return
	}
	if fails {
		w.WriteHeader(http.StatusInternalServerError)
	}
	told := &Told{At: time.Now(), ID: event.ID, Type: event.Type, Sequence: event.Sequence, Taken: !fails}
	if event.Checkout != nil {
		told.About = event.Checkout.SessionID
	}
	if event.Seller != nil {
		told.About = fmt.Sprintf("of %s at %d", event.Seller.SellerID, event.Sequence)
	}
	if event.Scan != nil {
		told.About = event.Scan.ID
	}
	r.record.Add(Line{Told: told})
}
