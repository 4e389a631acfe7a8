package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/retention"
	"github.com/connectd/connectd/internal/tracing"
)

// A job is short: one that a kill left running is taken up again after rescueAfter.
const (
	jobTimeout  = 10 * time.Second
	rescueAfter = jobTimeout + time.Second
	softStop    = 5 * time.Second // what is left of the jobs in flight is broken off then, and done by the next process
	jobWorkers  = 8               // at a time, in one process

	// toldAnew: River tells of new jobs at most once in so long, a job that comes in between waits until it is polled for.
	toldAnew = time.Millisecond
)

// openJobs makes a client of the job queue that inserts, and works none.
func (c *Core) openJobs() error {
	jobs, err := river.NewClient(riverpgxv5.New(c.pool), &river.Config{
		FetchCooldown: toldAnew, Middleware: []rivertype.Middleware{tracing.InsertedJobs()}, Logger: c.jobsLogger(),
	})
	if err != nil {
		return fmt.Errorf("open the job queue: %w", err)
	}
	c.jobs = jobs
	return nil
}

// workJobs starts working jobs; those in flight end before it has stopped.
func (p *parts) workJobs(context.Context) error {
	workers := river.NewWorkers()
	river.AddWorker(workers, &notify.Worker{Pool: p.pool, Jobs: p.jobs, Mails: p.outbox(), Now: time.Now})
	river.AddWorker(workers, &notify.SwitchedOffWorker{Pool: p.pool, Mails: p.outbox(), Now: time.Now})
	courier := notify.NewCourier(p.pool, p.sender(), time.Now)
	courier.Attempted = p.metrics.Attempted
	river.AddWorker(workers, courier)
	river.AddWorker(workers, &retention.Worker{Pool: p.pool, Now: time.Now})
	queues := map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: jobWorkers}}
	if err := p.workMails(workers, queues); err != nil {
		return err
	}
	driver, err := p.jobsDriver()
	if err != nil {
		return err
	}
	jobs, err := river.NewClient(driver, &river.Config{
		Queues:               queues,
		Workers:              workers,
		JobTimeout:           jobTimeout,
		RescueStuckJobsAfter: rescueAfter,
		SoftStopTimeout:      softStop,
		Middleware:           append(p.tracing.WorkedJobs(), p.metrics.Jobs()),
		Logger:               p.jobsLogger(),
	})
	if err != nil {
		return fmt.Errorf("open the job queue to work on it: %w", err)
	}
	if err := jobs.Start(context.Background()); err != nil {
		return fmt.Errorf("start the job queue: %w", err)
	}
	p.closers.add(jobs.Stop)
	p.jobsClient = jobs.ID()
	p.queues = notify.NewQueues(p.pool, jobs, p.cfg.Logger)
	p.background(p.queues.Run)
	return nil
}

// listening hears of new jobs by another way than it does the rest: LISTEN needs a session of its own, which a pooler does not give.
// River has no setting for that but to poll, which finds a job up to a second late.
type listening struct {
	*riverpgxv5.Driver
	direct *riverpgxv5.Driver
}

func (d listening) GetListener(params *riverdriver.GetListenenerParams) riverdriver.Listener {
	return d.direct.GetListener(params)
}

// jobsDriver takes the direct way for LISTEN, where there is one beside the pool's.
func (s *Service) jobsDriver() (riverdriver.Driver[pgx.Tx], error) {
	if !s.cfg.Database.pooled() {
		return riverpgxv5.New(s.pool), nil
	}
	direct, err := postgres.OpenLazily(context.Background(), s.cfg.Database.Direct())
	if err != nil {
		return nil, err
	}
	s.closers.addPlain(direct.Close)
	return listening{riverpgxv5.New(s.pool), riverpgxv5.New(direct)}, nil
}

func (c *Core) jobsLogger() *slog.Logger { return slog.New(warnings{c.logger.Handler()}) }

// warnings drops what River tells of its own coming and going.
type warnings struct{ slog.Handler }

func (h warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

func (h warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{h.Handler.WithAttrs(attrs)}
}

func (h warnings) WithGroup(name string) slog.Handler { return warnings{h.Handler.WithGroup(name)} }
