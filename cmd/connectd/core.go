package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/postgres"
)

// shell is who acts by commands: whoever may read the settings. What the system calls that person is easily changed, and says
// nothing to a database on another machine.
var shell = account.Actor{Name: "cli"}

// withCore gives a command a core and stops it.
func withCore(logger *slog.Logger, use func(*app.Core) error) error {
	core := app.NewCore(logger)
	err := mendSchema(use(core))
	return errors.Join(err, core.Stop(context.Background()))
}

// mendSchema says what to do where a database has not the tables or columns that this program asks for.
func mendSchema(err error) error {
	if !postgres.IsUnmigrated(err) {
		return err
	}
	return fmt.Errorf("the database lacks migrations: run connectd migrate up, or start connectd serve, which does it too: %w", err)
}

// withDatabase runs a command that needs the database alone.
func withDatabase(ctx context.Context, database app.DatabaseSettings, log app.LogSettings, to console, use func(*app.Core) error) error {
	if err := to.check(database.Check()); err != nil {
		return err
	}
	return withCore(log.Logger(to.err), func(core *app.Core) error {
		if err := core.OpenDatabase(ctx, database); err != nil {
			return err
		}
		return use(core)
	})
}

// withStripe runs a command that asks Stripe.
func withStripe(
	ctx context.Context, database app.DatabaseSettings, stripe app.StripeSettings, service app.ServiceSettings, log app.LogSettings,
	to console, wrong []error, use func(*app.Core) error,
) error {
	if err := to.check(database.Check(), stripe.Check(), wrong, service.Check()); err != nil {
		return err
	}
	return withCore(log.Logger(to.err), func(core *app.Core) error {
		if err := core.OpenDatabase(ctx, database); err != nil {
			return err
		}
		if err := core.OpenRegistry(ctx, service); err != nil {
			return err
		}
		if err := core.OpenStripe(ctx, stripe, app.Browsers{}); err != nil {
			return err
		}
		return use(core)
	})
}
