package metrics

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

// other stands for what no label is kept for.
const other = "other"

// Begun counts a request that is being answered; the caller calls ended once it is.
func (m *Metrics) Begun() (ended func()) {
	m.inFlight.Inc()
	return m.inFlight.Dec
}

// Answered counts a request. Its method and route are as package route says them.
func (m *Metrics) Answered(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status/100)+"xx").Observe(took.Seconds())
}

// Stored counts an event of Stripe's that was stored at a moment.
func (m *Metrics) Stored(eventType string, out registry.Outcome, created, at time.Time) {
	if !m.eventTypes[eventType] {
		eventType = other
	}
	if out.Repeated {
		m.events.WithLabelValues(eventType, "repeated").Inc()
		return
	}
	m.events.WithLabelValues(eventType, string(out.Result)).Inc()
	m.eventLag.Observe(max(0, at.Sub(created).Seconds()))
}

// Committed counts a transaction of the committer's.
func (m *Metrics) Committed(observations int, took time.Duration, err error) {
	if err != nil {
		m.commits.WithLabelValues("failed").Observe(took.Seconds())
		return
	}
	m.groups.Observe(float64(observations))
	m.commits.WithLabelValues("ok").Observe(took.Seconds())
}

// Observed counts what became of an observation.
func (m *Metrics) Observed(source registry.Source, result registry.Result) {
	m.observed.WithLabelValues(string(source), string(result)).Inc()
}

// Asked counts a call to Stripe; kind is "" where Stripe did what was asked.
func (m *Metrics) Asked(operation string, kind stripeapi.Kind, took time.Duration) {
	answer := "ok"
	if kind != "" {
		answer = string(kind)
	}
	m.calls.WithLabelValues(operation, answer).Observe(took.Seconds())
}

// Attempted counts an attempt to deliver an event, by the delivery's state after it.
func (m *Metrics) Attempted(state string, took time.Duration) {
	m.attempts.WithLabelValues(state).Observe(took.Seconds())
}

// Mailed counts what became of a mail.
func (m *Metrics) Mailed(kind, result string) { m.mails.WithLabelValues(kind, result).Inc() }

// Jobs counts the jobs that a River client works.
func (m *Metrics) Jobs() rivertype.Middleware {
	return river.WorkerMiddlewareFunc(func(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) error {
		began := time.Now()
		err := work(ctx)
		m.jobs.WithLabelValues(job.Kind, resultOf(err)).Observe(time.Since(began).Seconds())
		return err
	})
}

// resultOf: who snoozes a job means to work it again, and nothing has failed but what a delivery says of itself.
func resultOf(err error) string {
	if err == nil {
		return "ok"
	}
	if _, snoozed := errors.AsType[*river.JobSnoozeError](err); snoozed {
		return "again"
	}
	return "failed"
}
