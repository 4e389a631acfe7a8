package main

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// receiver takes spans as OTLP sends them, over HTTP.
type receiver struct {
	*httptest.Server
	t *testing.T

	mu    sync.Mutex
	spans []*tracepb.Span
	raw   strings.Builder // all that came, for what must not be in it
}

func newTraceReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{t: t}
	r.Server = httptest.NewServer(http.HandlerFunc(r.take))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) take(w http.ResponseWriter, req *http.Request) {
	var body io.Reader = req.Body
	if req.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(req.Body)
		if err != nil {
			r.t.Error(err)
			return
		}
		body = unzipped
	}
	content, err := io.ReadAll(body)
	var export coltrace.ExportTraceServiceRequest
	if err != nil || req.URL.Path != "/v1/traces" || proto.Unmarshal(content, &export) != nil {
		r.t.Errorf("%s: %v", req.URL.Path, err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raw.Write(content)
	for _, resource := range export.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			r.spans = append(r.spans, scope.GetSpans()...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// of are the names of a trace's spans.
func (r *receiver) of(traceID string) (names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, span := range r.spans {
		if hex.EncodeToString(span.GetTraceId()) == traceID {
			names = append(names, span.GetName())
		}
	}
	return names
}

// traceOf is the trace of a traceparent, as w3.org/TR/trace-context writes it.
func traceOf(t *testing.T, traceparent string) string {
	t.Helper()
	parts := strings.Split(traceparent, "-")
	if len(parts) != 4 || len(parts[1]) != 32 {
		t.Fatalf("traceparent %q", traceparent)
	}
	return parts[1]
}

// TestOneTraceFromAWebhookToTheEventThatItCauses: through the committer, the feed and the job queue, to whoever gets the event.
func TestOneTraceFromAWebhookToTheEventThatItCauses(t *testing.T) {
	traces := newTraceReceiver(t)
	events := make(chan http.Header, 100)
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Header.Set("Body", string(body))
		events <- r.Header
	}))
	t.Cleanup(endpoint.Close)
	_, ready := start(t, []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + traces.URL, "OTEL_BSP_SCHEDULE_DELAY=100"}, demoArgs(t, "--sellers", "0")...)
	w := walk{t, walktest.Walk{Ready: ready}}
	page := w.Connect(t, "traced", "complete")
	acct := *w.Readiness(t, "traced").AccountID
	w.API(t, http.MethodPost, "/v1/event-endpoints", `{"url":"`+endpoint.URL+`/hook?token=hush-hush"}`, http.StatusCreated, nil)
	w.Sandbox(t, "accounts/"+acct, `{"payouts_enabled":false}`)
	trace := traceOf(t, w.eventWithin(t, events, `"seller.readiness.changed"`).Get("Traceparent"))
	for _, part := range []string{"POST /api/connectWebhook", "commit", "Publish", "job delivery", "HTTP POST"} {
		waittest.Until(t, part+" in the trace", func() bool { return slices.Contains(traces.of(trace), part) })
	}

	t.Run("what is no change too", func(t *testing.T) {
		w.Sandbox(t, "events", `{"type":"payout.failed","account":"`+acct+`","data":{"id":"po_1","object":"payout","status":"failed","amount":100,"currency":"eur"}}`)
		trace := traceOf(t, w.eventWithin(t, events, `"seller.payout.failed"`).Get("Traceparent"))
		for _, part := range []string{"POST /api/connectWebhook", "job event", "job delivery"} {
			waittest.Until(t, part+" in the trace", func() bool { return slices.Contains(traces.of(trace), part) })
		}
	})
	t.Run("nothing personal and no secret", func(t *testing.T) {
		traces.holdNo(t, "hush-hush", page[strings.LastIndex(page, "/")+1:], ready.APIKey, ready.PlatformKey, ready.WebhookSecret, "\x06traced", "@example", ".test")
	})
}

// TestAReceiverOfTracesThatHangsKeepsNobodyFromStopping: what closes after it has its time, and the process ends well.
func TestAReceiverOfTracesThatHangsKeepsNobodyFromStopping(t *testing.T) {
	asked, held := make(chan struct{}, 1000), make(chan struct{})
	hangs := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- struct{}{}; <-held }))
	t.Cleanup(hangs.Close)
	t.Cleanup(func() { close(held) })
	p, _ := start(t, []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + hangs.URL, "OTEL_BSP_SCHEDULE_DELAY=100"}, demoArgs(t, "--sellers", "1")...)
	<-asked
	p.Signal(t, syscall.SIGTERM)
	if p.Err != nil || !strings.Contains(p.Log.String(), "the last traces could not be sent") {
		t.Errorf("it ended with %v:\n%s", p.Err, p.Log)
	}
}

// eventWithin is the header of the event of a type, once it has come.
func (w walk) eventWithin(t *testing.T, events <-chan http.Header, kind string) http.Header {
	t.Helper()
	var found http.Header
	waittest.Until(t, kind, func() bool {
		select {
		case header := <-events:
			if strings.Contains(header.Get("Body"), kind) {
				found = header
			}
		default:
		}
		return found != nil
	})
	return found
}

func (r *receiver) holdNo(t *testing.T, secrets ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range secrets {
		if at := strings.Index(r.raw.String(), secret); at >= 0 {
			t.Errorf("a span holds %q: %q", secret, r.raw.String()[max(0, at-80):min(r.raw.Len(), at+80)])
		}
	}
}
