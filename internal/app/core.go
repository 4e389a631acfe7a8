package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/coder/quartz"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/catchup"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/feed"
	"github.com/connectd/connectd/internal/metrics"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/scan"
	"github.com/connectd/connectd/internal/selling"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/tracing"
	"github.com/connectd/connectd/internal/webhook"
)

// Core is what the service and the commands share. Each Open brings more of it, in this order; a command opens only what it
// uses.
type Core struct {
	Keys       *access.Keys        // with OpenDatabase
	Registry   *registry.Registry  // with OpenRegistry
	Scans      *scan.Passes        // with OpenRegistry
	Checker    *scan.Checker       // with OpenStripe
	Importer   *scan.Importer      // with OpenStripe
	Onboarding *onboarding.Service // with OpenStripe
	Selling    *selling.Service    // with OpenStripe

	logger  *slog.Logger
	metrics *metrics.Metrics
	tracing *tracing.Tracing // nil: nothing is traced
	pool    *pgxpool.Pool
	queries *db.Queries
	jobs    *river.Client[pgx.Tx] // with OpenRegistry; it only inserts
	stripe  *stripeapi.Client
	closers closers

	recheckEvery time.Duration // with OpenRegistry; 0 for the default
}

// NewCore makes a core with nothing open. The caller stops it.
func NewCore(logger *slog.Logger) *Core { return newCore(logger, "") }

func newCore(logger *slog.Logger, version string) *Core {
	return &Core{logger: logger, metrics: metrics.New(version, webhook.Types())}
}

// Stop closes what was opened, in reverse.
func (c *Core) Stop(ctx context.Context) error { return c.closers.close(ctx) }

// OpenDatabase opens the database, trying for 30 seconds. One that takes newer programs alone is refused.
func (c *Core) OpenDatabase(ctx context.Context, s DatabaseSettings) error {
	pool, err := postgres.OpenTraced(ctx, string(s.DatabaseURL), c.tracing.Queries(), c.logger)
	if err != nil {
		return err
	}
	c.closers.addPlain(pool.Close)
	if err := postgres.Compatible(ctx, pool); err != nil {
		return err
	}
	c.pool, c.queries = pool, db.New(pool)
	c.Keys = access.NewKeys(c.queries, time.Now, c.logger)
	c.closers.add(c.Keys.Close)
	return nil
}

// OpenRegistry starts the registry on a migrated database that holds a policy.
func (c *Core) OpenRegistry(ctx context.Context, s ServiceSettings) error {
	if err := c.openJobs(); err != nil {
		return err
	}
	reg, err := registry.New(ctx, c.pool, registry.Config{
		RecheckEvery: s.RecheckEvery, StaleAfter: s.StaleAfter, Brake: s.Brake(),
		Tell: notify.Tell(c.jobs), Erase: notify.Erase, Committed: c.metrics.Committed, Observed: c.metrics.Observed, Logger: c.logger,
	})
	if err != nil {
		return err
	}
	c.closers.add(reg.Close)
	c.Registry = reg
	c.Scans = scan.NewPasses(c.pool, notify.TellScan(c.jobs))
	c.recheckEvery = s.RecheckEvery
	return nil
}

// Browsers says where browsers reach the service, and where it may send them on to.
type Browsers struct {
	BaseURL       string
	ReturnOrigins []string
}

// OpenStripe makes the client of Stripe, and sure that its key is of this database's platform and mode.
func (c *Core) OpenStripe(ctx context.Context, s StripeSettings, b Browsers) error {
	budget := stripeapi.NewBudget(stripeapi.BudgetConfig{
		Queries: c.queries, Rate: s.StripeRate, Livemode: s.Mode() == Live, Clock: quartz.NewReal(), Logger: c.logger,
	})
	c.closers.add(budget.Close)
	stripe, err := s.client(budget, c.metrics.Asked, c.logger)
	if err != nil {
		return err
	}
	c.closers.addPlain(stripe.Close)
	c.stripe = stripe
	if err := c.claimPlatform(ctx, s); err != nil {
		return err
	}
	c.Scans.Allotted(s.StripeReadAllocation, c.recheckEvery)
	c.Checker = scan.NewChecker(c.Registry, stripe, time.Now, c.logger)
	c.closers.add(c.Checker.Close)
	c.Importer = scan.NewImporter(scan.ImporterConfig{
		Registry: c.Registry, Pool: c.pool, Stripe: stripe, Checker: c.Checker, Clock: quartz.NewReal(), Logger: c.logger,
	})
	c.Onboarding = onboarding.New(onboarding.Config{
		Registry: c.Registry, Queries: c.queries, Stripe: stripe, Checker: c.Checker,
		BaseURL: b.BaseURL, ReturnOrigins: b.ReturnOrigins, Now: time.Now, Logger: c.logger,
	})
	c.Selling = selling.New(selling.Config{
		Registry: c.Registry, Queries: c.queries, Stripe: stripe, Now: time.Now, Logger: c.logger,
	})
	return nil
}

// Scanner makes one that works on the scan's passes, with OpenStripe.
func (c *Core) Scanner(s StripeSettings) *scan.Scanner {
	return scan.New(scan.Config{
		Registry: c.Registry, Passes: c.Scans, Checker: c.Checker, Stripe: c.stripe, Rate: s.StripeRate,
		Clock: quartz.NewReal(), Logger: c.logger,
	})
}

// claimPlatform makes sure that key and database belong together. Silence at Stripe keeps nobody from starting on a
// database whose platform is known.
func (c *Core) claimPlatform(ctx context.Context, s StripeSettings) error {
	asked, err := c.stripe.Platform(ctx)
	if err == nil {
		err := c.Registry.ClaimPlatform(ctx, registry.Platform{AccountID: asked.AccountID, Livemode: asked.Livemode})
		if account.KindOf(err) == account.Conflict {
			return anotherPlatforms(err.Error())
		}
		return err
	}
	owner, known, ownerErr := c.Registry.BelongsTo(ctx)
	if stripeapi.KindOf(err) == stripeapi.KeyWrong || !known || ownerErr != nil {
		return errors.Join(fmt.Errorf("ask Stripe whose key STRIPE_SECRET_KEY is: %w: %s", err, fixOf(err, s, mendKey)), ownerErr)
	}
	if owner.Livemode != c.stripe.Livemode() {
		return anotherPlatforms("The database is of " + owner.Mode() + " mode, the Stripe key of the other.")
	}
	c.logger.Warn("Stripe can't be reached; starting all the same", "error", err)
	return nil
}

// anotherPlatforms is a mistake in the settings: key and database are each good, and do not belong together.
func anotherPlatforms(what string) error {
	return account.Errorf(account.Invalid, "%s Set STRIPE_SECRET_KEY to a key of the database's platform and mode, or DATABASE_URL "+
		"to another database (example: %s).", what, exampleDatabase)
}

// Events reads events as the database's mode has them, for replays. key says the mode where the database belongs to no
// platform yet.
func (c *Core) Events(ctx context.Context, key stripeapi.Secret) (*webhook.Handler, error) {
	livemode, err := c.Livemode(ctx, string(key))
	if err != nil {
		return nil, err
	}
	return webhook.New(webhook.Config{Registry: c.Registry, Livemode: livemode, Logger: c.logger}), nil
}

// Livemode is the mode of the database, or of the key where the database belongs to no platform yet.
func (c *Core) Livemode(ctx context.Context, key string) (bool, error) {
	owner, known, err := registry.PlatformOf(ctx, c.queries)
	if err != nil || known {
		return owner.Livemode, err
	}
	live, ok := stripeapi.ModeOf(key)
	if !ok {
		return false, errors.New("the database belongs to no platform yet, so its mode is not known: set STRIPE_SECRET_KEY, or start connectd serve first")
	}
	return live, nil
}

// Restored raises the feed's epoch after a restore from a backup, has what has happened since the backup be caught up with, and
// says where the feed goes on from and since when that is.
func (c *Core) Restored(ctx context.Context) (at feed.Cursor, since time.Time, err error) {
	now := time.Now()
	err = pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		q := c.queries.WithTx(tx)
		if at, err = feed.Restored(ctx, q, now); err != nil {
			return err
		}
		if err = onboarding.Restored(ctx, q, now); err != nil {
			return err
		}
		since, err = catchup.Restored(ctx, q, now)
		return err
	})
	return at, since, err
}

// Links lists the links that can be used.
func (c *Core) Links(ctx context.Context) ([]onboarding.KnownLink, error) {
	return onboarding.Links(ctx, c.queries, time.Now())
}

// RevokeLink ends a link.
func (c *Core) RevokeLink(ctx context.Context, id string, by account.Actor) error {
	return onboarding.RevokeLink(ctx, c.queries, id, by, time.Now())
}
