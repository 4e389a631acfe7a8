package api

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/route"
)

// front stands before the router. It takes GET /v1/sellers/{seller_id}/readiness where that is asked in the plainest form, as
// it is on each checkout, past the router's patterns and huma's reflection but through the same guard, and hands on all else:
// what it answers is to the byte what the operation would.
func (s *service) front(router http.Handler) http.Handler {
	op := readinessOperation()
	plain := s.guard(&op, http.HandlerFunc(s.plainReadiness))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, ok := plainQuestion(r); ok {
			route.Take(r.Context(), op.Path)
			plain.ServeHTTP(w, r)
			return
		}
		router.ServeHTTP(w, r)
	})
}

// plainQuestion takes a request apart; ok is false for one that is not plain: with another parameter, an escape, a fault.
func plainQuestion(r *http.Request) (sellerID string, q question, ok bool) {
	rest, found := strings.CutPrefix(r.URL.Path, "/v1/sellers/")
	if !found || r.Method != http.MethodGet || r.URL.RawPath != "" || r.ContentLength != 0 {
		return "", q, false
	}
	sellerID, found = strings.CutSuffix(rest, "/readiness")
	if !found || account.CheckSellerID(sellerID) != nil {
		return "", q, false
	}
	if r.URL.RawQuery != "" {
		digits, found := strings.CutPrefix(r.URL.RawQuery, "min_position=")
		least, err := strconv.ParseUint(digits, 10, 63)
		if !found || err != nil {
			return "", q, false
		}
		q.least = int64(least)
	}
	for _, directives := range r.Header["Cache-Control"] {
		q.anew = q.anew || asksAnew(directives)
	}
	return sellerID, q, true
}

// bodies are used again.
var bodies = sync.Pool{New: func() any { return &bytes.Buffer{} }}

// What headers say again and again, in their canonical spelling: it is shared, and never changed.
var (
	isJSON      = []string{"application/json"}
	cacheStatus = map[provenance][]string{
		byCopy: {string(byCopy)}, bidden: {string(bidden)}, notHeld: {string(notHeld)}, notCurrent: {string(notCurrent)},
	}
)

func (s *service) plainReadiness(w http.ResponseWriter, r *http.Request) {
	sellerID, q, _ := plainQuestion(r)
	t, err := s.tell(r.Context(), sellerID, q)
	if err != nil {
		writeProblem(w, s.problemOf(r.Context(), err, inPath))
		return
	}
	buffer := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(buffer)
	buffer.Reset()
	body := appendReadiness(buffer.AvailableBuffer(), &t.ready)
	etag := etagOf(body)
	header := w.Header()
	header[positionHeader], header["Etag"] = []string{strconv.FormatInt(t.at, 10)}, []string{etag}
	header["Cache-Status"] = cacheStatus[t.by]
	if given := r.Header["If-None-Match"]; len(given) > 0 && matches(strings.Join(given, ","), etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header["Content-Type"] = isJSON
	_, _ = buffer.Write(append(body, '\n')) // keeps the memory, and never fails
	_, _ = w.Write(buffer.Bytes())          // an error here is the connection's
}
