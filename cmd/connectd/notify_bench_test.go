package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/sandboxtest"
)

// BenchmarkWebhookToEvent says how long it takes from sending a webhook to connectd until the event that tells its change comes in
// at a receiver: stored, applied, followed, inserted as a job, signed and sent, by a real process on a Postgres that keeps what it has
// committed, with load and receiver on the same cores. Each sender sends the next webhook when the event of the one before has come.
//
// The floor is a bare POST to the same receiver, by as many senders. Compare ratios where others use the machine.
func BenchmarkWebhookToEvent(b *testing.B) {
	const most = 32
	f := newArrivals(b, most)
	for _, senders := range []int{1, most} {
		var floor time.Duration
		b.Run(fmt.Sprintf("floor/senders=%d", senders), func(b *testing.B) {
			floor = f.measure(b, senders, f.post)
		})
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
			median := f.measure(b, senders, func(b *testing.B, sender int) {
				if !f.load.deliver(sender) {
					b.Error("a webhook was not answered")
				}
			})
			if floor > 0 {
				b.ReportMetric(float64(median)/float64(floor), "×floor")
			}
		})
	}
}

// arrivals is a connectd whose events come in at a receiver, which says so by seller.
type arrivals struct {
	load *load
	url  string // of the receiver
	came []chan time.Time
}

func newArrivals(b *testing.B, sellers int) *arrivals {
	f := &arrivals{load: newLoad(b, sellers)}
	for range sellers {
		f.came = append(f.came, make(chan time.Time, 1))
	}
	receiver := httptest.NewServer(f)
	b.Cleanup(receiver.Close)
	f.url = receiver.URL
	box := sandboxtest.Start(b)
	_, ready := serve(b, box, dataWithAccounts(b, sellers))
	f.load.url = ready.BaseURL + "/api/connectWebhook"
	key, _, code := connectd(b, []string{"DATABASE_URL=" + ready.DatabaseURL}, "keys", "create", "--name", "events", "--scope", "events:write")
	if code != 0 {
		b.Fatal(code)
	}
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, ready.BaseURL+"/v1/event-endpoints",
		bytes.NewReader([]byte(`{"url":"`+f.url+`"}`)))
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+key[:len(key)-1])
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		b.Fatal(answer.Status)
	}
	return f
}

func (f *arrivals) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := time.Now()
	body, _ := io.ReadAll(r.Body)
	w.WriteHeader(http.StatusNoContent)
	var event struct {
		Data client.Readiness `json:"data"`
	}
	var seller int
	if json.Unmarshal(body, &event) != nil {
		return
	}
	if _, err := fmt.Sscanf(event.Data.SellerID, "s%d", &seller); err == nil {
		f.came[seller] <- at
	}
}

// post is a bare POST of what an event is like.
func (f *arrivals) post(b *testing.B, sender int) {
	body := fmt.Appendf(nil, `{"type":"seller.readiness.changed","data":{"seller_id":"s%d"}}`, sender)
	answer, err := http.Post(f.url, "application/json", bytes.NewReader(body)) //nolint:noctx // as bare as can be
	if err != nil {
		b.Error(err)
		return
	}
	_ = answer.Body.Close()
}

// measure sends b.N times and reports how long each took to come; it returns the median.
func (f *arrivals) measure(b *testing.B, senders int, send func(*testing.B, int)) time.Duration {
	took := make([]time.Duration, b.N)
	b.ResetTimer()
	var sending sync.WaitGroup
	for sender := range senders {
		sending.Go(func() {
			for i := sender; i < b.N && !b.Failed(); i += senders {
				began := time.Now()
				send(b, sender)
				select {
				case at := <-f.came[sender]:
					took[i] = at.Sub(began)
				case <-time.After(time.Minute):
					b.Error("no event came")
				}
			}
		})
	}
	sending.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[b.N/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[b.N*99/100].Microseconds())/1000, "p99-ms")
	return took[b.N/2]
}
