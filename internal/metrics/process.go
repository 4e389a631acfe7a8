package metrics

import (
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// Waiting is what waits for the committer.
type Waiting struct {
	Observations, Capacity int
	Since                  time.Time // the oldest; zero where none waits
}

// Process is what this process knows of itself without a question to anyone.
type Process struct {
	Pool    *pgxpool.Pool
	Waiting func() Waiting
	// PolledAt is when the feed's last poll began that has found nothing more.
	PolledAt func() time.Time
	// Copy says whether readiness is answered from memory now, and of how many sellers; nil where it is switched off.
	Copy func() (leased bool, sellers int)
	// Rate is that of checks, in calls to Stripe a second.
	Rate float64
}

// Watch has a process's own figures shown.
func (m *Metrics) Watch(p Process) {
	m.gaugeFunc("connectd_commit_queue_length", "Observations that wait for the committer.",
		func() float64 { return float64(p.Waiting().Observations) })
	m.gaugeFunc("connectd_commit_queue_capacity", "Observations that may wait for the committer; one more is refused (503).",
		func() float64 { return float64(p.Waiting().Capacity) })
	m.gaugeFunc("connectd_commit_queue_age_seconds", "How long the oldest of them has waited.",
		func() float64 { return sinceOrZero(p.Waiting().Since) })
	m.gaugeFunc("connectd_feed_poll_age_seconds", "How long ago the poll of the feed began that last found nothing more; beyond 0.25 the copy in memory may not answer.",
		func() float64 { return sinceOrZero(p.PolledAt()) })
	m.gaugeFunc("connectd_stripe_scan_rate", "Calls to Stripe a second that checks may make, all replicas together (CONNECTD_STRIPE_RATE).",
		func() float64 { return p.Rate })
	copied := p.Copy
	if copied == nil {
		copied = func() (bool, int) { return false, 0 }
	}
	m.gaugeFunc("connectd_readiness_copy_enabled", "1 where this replica keeps readiness in memory (CONNECTD_READINESS_COPY).",
		func() float64 { return oneIf(p.Copy != nil) })
	m.gaugeFunc("connectd_readiness_copy_leased", "1 while readiness is answered from memory; else the database answers.",
		func() float64 { leased, _ := copied(); return oneIf(leased) })
	m.gaugeFunc("connectd_readiness_copy_sellers", "Sellers whose readiness is in memory.",
		func() float64 { _, sellers := copied(); return float64(sellers) })
	m.watchPool(p.Pool)
}

func sinceOrZero(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return time.Since(t).Seconds()
}

func (m *Metrics) watchPool(pool *pgxpool.Pool) {
	m.gaugeFunc("connectd_pool_connections_max", "Connections to the database that this replica's pool may hold.",
		func() float64 { return float64(pool.Stat().MaxConns()) })
	m.gaugeFunc("connectd_pool_connections_in_use", "Connections that are in use.",
		func() float64 { return float64(pool.Stat().AcquiredConns()) })
	m.gaugeFunc("connectd_pool_connections_idle", "Connections that are open and not in use.",
		func() float64 { return float64(pool.Stat().IdleConns()) })
	m.counterFunc("connectd_pool_acquires_total", "How often a connection was asked for and had.",
		func() float64 { return float64(pool.Stat().AcquireCount()) })
	m.counterFunc("connectd_pool_empty_acquires_total", "How often none was idle, so that whoever asked waited or one was opened.",
		func() float64 { return float64(pool.Stat().EmptyAcquireCount()) })
	m.counterFunc("connectd_pool_empty_acquire_wait_seconds_total", "How long was waited for connections when none was idle.",
		func() float64 { return pool.Stat().EmptyAcquireWaitTime().Seconds() })
	m.counterFunc("connectd_pool_canceled_acquires_total", "How often whoever waited for a connection gave up.",
		func() float64 { return float64(pool.Stat().CanceledAcquireCount()) })
}

func (m *Metrics) gaugeFunc(name, help string, value func() float64) {
	m.define(Definition{name, "gauge", nil, help}, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

func (m *Metrics) counterFunc(name, help string, value func() float64) {
	m.define(Definition{name, "counter", nil, help}, prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
}
