package sandbox

import (
	"cmp"
	"maps"
	"net/http"
	"regexp"
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

// finish adds how the request was answered.
func (l *requestLog) finish(n int64, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	record := l.at(n)
	if record.N != n { // so many others came meanwhile that it is no longer kept
		return
	}
	record.Status = status
	l.counts[requestKind{record.Method, withoutIDs(record.Path), status}]++
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

var idInPath = regexp.MustCompile(`^[a-z]{2,8}_[A-Za-z0-9_]+$`)

// withoutIDs keeps the number of different paths small, also where someone asks for what is not there.
func withoutIDs(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if idInPath.MatchString(part) && part != "webhook_endpoints" && part != "payment_pages" {
			parts[i] = "{id}"
		}
	}
	return strings.Join(parts, "/")
}
