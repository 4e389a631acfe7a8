package sandbox

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// keptRequests is how many of the newest requests are kept.
const keptRequests = 10_000

// requestRecord is a request to Stripe's side. Status is 0 until its answer is ready, which a fault may still hold back
// or lose.
type requestRecord struct {
	N              int64     `json:"n"`
	At             time.Time `json:"at"`
	Method         string    `json:"method"`
	Path           string    `json:"path"`
	Account        string    `json:"account"`
	IdempotencyKey string    `json:"idempotency_key"`
	Status         int       `json:"status"`
}

// requestCount is how many requests of a kind were answered in one way.
type requestCount struct {
	requestKind
	Count int64 `json:"count"`
}

type requestKind struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Status int    `json:"status"`
}

type requestStats struct {
	Total int64          `json:"total"`
	By    []requestCount `json:"by"`
}

// requestLog is what was asked of Stripe's side: not of /sandbox, and not the pages. Safe for concurrent use.
type requestLog struct {
	mu     sync.Mutex
	n      int64
	ring   []requestRecord
	counts map[requestKind]int64
}

func newRequestLog() *requestLog {
	return &requestLog{ring: make([]requestRecord, 0, keptRequests), counts: map[requestKind]int64{}}
}

// begin records the request as it arrives and answers its number.
func (l *requestLog) begin(r *http.Request, at time.Time) int64 {
	record := requestRecord{
		At: at.UTC(), Method: r.Method, Path: r.URL.Path,
		Account: r.Header.Get("Stripe-Account"), IdempotencyKey: r.Header.Get("Idempotency-Key"),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	record.N = l.n
	if len(l.ring) < keptRequests {
		l.ring = append(l.ring, record)
	} else {
		*l.at(record.N) = record
	}
	return record.N
}

// at is where the record of that number is, or would be.
func (l *requestLog) at(n int64) *requestRecord {
	return &l.ring[(n-1)%keptRequests]
}

// finish adds how request n was answered.
func (l *requestLog) finish(n int64, r *http.Request, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[requestKind{r.Method, routeOf(r), status}]++
	if record := l.at(n); record.N == n { // else so many others came meanwhile that it is no longer kept
		record.Status = status
	}
}

// since are the kept requests of a greater number, in order.
func (l *requestLog) since(n int64) []requestRecord {
	l.mu.Lock()
	defer l.mu.Unlock()
	records := []requestRecord{}
	for i := max(n, l.n-int64(len(l.ring))) + 1; i <= l.n; i++ {
		records = append(records, *l.at(i))
	}
	return records
}

// stats counts all that was answered, also what is no longer kept.
func (l *requestLog) stats() requestStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	stats := requestStats{By: []requestCount{}}
	for kind, count := range maps.All(l.counts) {
		stats.Total += count
		stats.By = append(stats.By, requestCount{kind, count})
	}
	slices.SortFunc(stats.By, func(a, b requestCount) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Status, b.Status))
	})
	return stats
}

// routeOf is the path of the route that the request has taken, which names ids as {id}. Of what is not there it is as
// much as there is, so that the number of routes stays small.
func routeOf(r *http.Request) string {
	_, path, found := strings.Cut(r.Pattern, "/")
	if !found {
		return "/"
	}
	return "/" + path
}
