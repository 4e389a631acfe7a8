package metrics

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
)

// A scrape waits for four seconds at the most, where its time-out is ten by default.
const (
	answeredWithin = 2 * time.Second // each question
	askedAtOnce    = 3               // of six; each takes a connection of the pool
	figuresLast    = 5 * time.Second // for two Prometheus side by side, and for who asks by hand
)

// collector shows figures as of a few seconds ago at most.
type collector struct {
	questions []question
	logger    *slog.Logger

	descs        map[string]*prometheus.Desc
	up, answered *prometheus.Desc

	mu      sync.Mutex // held while they are read: who scrapes meanwhile gets the same
	answers []answer
	expires time.Time
}

// answer is what became of the question of the same place.
type answer struct {
	figures []figure
	err     error
}

// Read has the figures of a database shown.
func (m *Metrics) Read(d Database) { m.collect(d.questions(), d.Logger) }

func (m *Metrics) collect(questions []question, logger *slog.Logger) {
	c := &collector{questions: questions, logger: logger, descs: map[string]*prometheus.Desc{}, answers: make([]answer, len(questions))}
	c.up = m.described("connectd_database_up", "1 where the database answered all that the scrape asked of it, each question within two seconds; 0 where it did not.")
	c.answered = m.described("connectd_database_answered", "1 for each question that the database answered; 0, and none of the question's figures, where it did not.", "question")
	for _, q := range questions {
		for _, f := range q.figures {
			c.descs[f.name] = m.described(f.name, f.help, f.labels...)
		}
	}
	m.registry.MustRegister(c)
}

// described defines a gauge whose values a collector makes.
func (m *Metrics) described(name, help string, labels ...string) *prometheus.Desc {
	m.definitions = append(m.definitions, Definition{name, "gauge", labels, help})
	return prometheus.NewDesc(name, help, labels, nil)
}

// Describe is prometheus.Collector's.
func (c *collector) Describe(descs chan<- *prometheus.Desc) {
	descs <- c.up
	descs <- c.answered
	for _, desc := range c.descs {
		descs <- desc
	}
}

// Collect is prometheus.Collector's.
func (c *collector) Collect(metrics chan<- prometheus.Metric) {
	show := func(desc *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	all := true
	for i, a := range c.current() {
		all = all && a.err == nil
		show(c.answered, oneIf(a.err == nil), c.questions[i].name)
		for _, f := range a.figures {
			for _, s := range f.samples {
				show(c.descs[f.name], s.value, s.labels...)
			}
		}
	}
	show(c.up, oneIf(all))
}

// current asks anew where what is at hand is too old. A failure is kept as long: scrapes of a database that hangs must not queue up.
func (c *collector) current() []answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Now().Before(c.expires) {
		return c.answers
	}
	before := c.answers
	c.answers = c.askAll()
	c.expires = time.Now().Add(figuresLast)
	for i, a := range c.answers {
		if a.err != nil && before[i].err == nil {
			c.logger.Warn("figures for the metrics can't be read; they are left out until they can be",
				"question", c.questions[i].name, "error", a.err)
		}
	}
	return c.answers
}

func (c *collector) askAll() []answer {
	answers, now := make([]answer, len(c.questions)), time.Now()
	var asking errgroup.Group
	asking.SetLimit(askedAtOnce)
	for i, q := range c.questions {
		asking.Go(func() error {
			ctx, cancel := context.WithTimeout(context.Background(), answeredWithin)
			defer cancel()
			answers[i].figures, answers[i].err = q.ask(ctx, now)
			return nil
		})
	}
	_ = asking.Wait() // none fails: each answer has its own error
	return answers
}
