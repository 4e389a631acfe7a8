package sandbox

import (
	"net/http"
	"strconv"
	"time"
)

// response is an answer that is ready but has not left: a fault may still hold it back or lose it.
type response struct {
	status int
	header http.Header
	body   []byte
}

func newResponse(status int, contentType string, body []byte) *response {
	return &response{status: status, header: http.Header{"Content-Type": {contentType}}, body: body}
}

func jsonResponse(status int, body []byte) *response {
	return newResponse(status, "application/json", body)
}

func redirectResponse(location string) *response {
	r := newResponse(http.StatusFound, "text/plain; charset=utf-8", nil)
	r.header.Set("Location", location)
	return r
}

// write sends the response. Its Date is the moment at which it leaves, by the sandbox's clock, in whole seconds.
func (r *response) write(w http.ResponseWriter, now time.Time) {
	for name, texts := range r.header {
		w.Header()[name] = texts
	}
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Length", strconv.Itoa(len(r.body)))
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body) // a caller who has gone needs no answer
}
