// Package metrics is what connectd counts and measures for Prometheus: each metric is defined here, with its name, its
// labels and what it says. Those who count do not know it: they call functions of their Config, which app wires to the
// methods here.
//
// It may import db, registry and stripeapi (whose figures it shows). Its one rule: labels are bounded, whatever comes from
// outside (no id, no path, no name), so that the series are too.
package metrics

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/connectd/connectd/internal/stripeapi"
)

// Definition is what is known of a metric before anything was counted.
type Definition struct {
	Name   string
	Type   string // counter, gauge or histogram
	Labels []string
	Help   string
}

// Metrics are one process's. They are safe for concurrent use.
type Metrics struct {
	registry    *prometheus.Registry
	definitions []Definition
	eventTypes  map[string]bool

	requests *prometheus.HistogramVec
	inFlight prometheus.Gauge
	events   *prometheus.CounterVec
	eventLag prometheus.Histogram
	groups   prometheus.Histogram
	commits  *prometheus.HistogramVec
	observed *prometheus.CounterVec
	calls    *prometheus.HistogramVec
	jobs     *prometheus.HistogramVec
	attempts *prometheus.HistogramVec
	mails    *prometheus.CounterVec
}

// milliseconds are the bounds of what should take some: from half of one to the time-outs, in seconds.
var milliseconds = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// lags are the bounds of how old news is: from Stripe's whole seconds to the three days for which Stripe sends an event again.
var lags = []float64{1, 2, 5, 10, 30, 60, 300, 900, 3600, 6 * 3600, 24 * 3600, 72 * 3600}

// New makes the metrics of a process of this version. eventTypes are Stripe's that something is done for.
func New(version string, eventTypes []string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), eventTypes: map[string]bool{}}
	for _, t := range eventTypes {
		m.eventTypes[t] = true
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
	)
	m.gauges("connectd_build_info", "1; the label is connectd's version.", "version").WithLabelValues(version).Set(1)
	m.requests = m.histograms("connectd_http_request_duration_seconds",
		"How long requests took to answer: their rate, their errors (class 4xx, 5xx) and their duration, by route. Streams and waiting polls last as long as they are open.",
		milliseconds, "method", "route", "class")
	m.inFlight = m.gauges("connectd_http_requests_in_flight", "Requests, streams among them, that are being answered.").WithLabelValues()
	m.defineEvents()
	m.defineWork()
	return m
}

func (m *Metrics) defineEvents() {
	m.events = m.counters("connectd_webhook_events_total",
		"Stripe's events that were stored, by what became of them; a type for which nothing is done is other, and one that had come before repeated.",
		"type", "outcome")
	m.eventLag = m.histograms("connectd_webhook_lag_seconds",
		"From when Stripe made an event (in whole seconds) until it was stored and applied; events that had come before, or that a catch-up asked for, are left out.",
		lags).WithLabelValues().(prometheus.Histogram)
	m.groups = m.histograms("connectd_commit_group_size", "Observations that the committer stored in one transaction.",
		[]float64{1, 2, 4, 8, 16, 32, 64, 128, 256}).WithLabelValues().(prometheus.Histogram)
	m.commits = m.histograms("connectd_commit_duration_seconds", "How long the committer's transactions took; result is ok or failed.", milliseconds, "result")
	m.observed = m.counters("connectd_observations_total",
		"What was learned of accounts, by the way it came and what became of it.", "source", "result")
}

func (m *Metrics) defineWork() {
	m.calls = m.histograms("connectd_stripe_request_duration_seconds",
		"How long Stripe took to answer: calls by operation, and by answer: ok, account_gone, rate_limited, key_wrong, refused, unreachable.",
		milliseconds, "operation", "answer")
	for _, operation := range []string{"GET /v1/account", "GET /v1/accounts/{id}"} {
		m.calls.WithLabelValues(operation, string(stripeapi.KeyWrong)) // from 0 on, so that the first refusal is an increase
	}
	m.jobs = m.histograms("connectd_job_duration_seconds", "How long jobs took; result is ok, again (to be worked again later) or failed.",
		milliseconds, "kind", "result")
	m.attempts = m.histograms("connectd_delivery_attempt_duration_seconds",
		"How long the attempts to send connectd's own events took; result is delivered, pending (to be tried again) or failed (given up).",
		milliseconds, "result")
	m.mails = m.counters("connectd_mails_total",
		"Mails by what became of them: sent, dropped (nothing to tell any more), refused, failed (for three days), pending (to be tried again).",
		"kind", "result")
}

// counters defines a counter; its name ends in _total.
func (m *Metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.define(Definition{name, "counter", labels, help}, v)
	return v
}

func (m *Metrics) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	m.define(Definition{name, "gauge", labels, help}, v)
	return v
}

// histograms defines a histogram with these bounds; a Prometheus that asks for native ones gets that too.
func (m *Metrics) histograms(name, help string, bounds []float64, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: bounds, NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	}, labels)
	m.define(Definition{name, "histogram", labels, help}, v)
	return v
}

func (m *Metrics) define(d Definition, c prometheus.Collector) {
	m.definitions = append(m.definitions, d)
	m.registry.MustRegister(c)
}

// Definitions are all of connectd's own metrics, in the order of names. Those of Go and of the process are beside them.
func (m *Metrics) Definitions() []Definition {
	return slices.SortedFunc(slices.Values(m.definitions), func(a, b Definition) int { return strings.Compare(a.Name, b.Name) })
}

// Handler answers Prometheus. A metric that can't be read is left out, and logged.
func (m *Metrics) Handler(logger *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, EnableOpenMetrics: true, MaxRequestsInFlight: scrapesAtOnce,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	})
}

// scrapesAtOnce is more than Prometheus and its stand-by make.
const scrapesAtOnce = 8
