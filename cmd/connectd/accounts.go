package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/registry"
)

type accountsCommand struct {
	List      accountsList      `cmd:"" help:"List accounts."`
	Show      accountsShow      `cmd:"" help:"Show one account, as JSON."`
	Recheck   accountsRecheck   `cmd:"" help:"Ask Stripe about one account now."`
	Unlink    accountsUnlink    `cmd:"" help:"Disconnect an account that does not work."`
	Reassign  accountsReassign  `cmd:"" help:"Give an account to another seller."`
	Import    accountsImport    `cmd:"" help:"Take in the accounts that are connected at Stripe already."`
	Reconcile accountsReconcile `cmd:"" help:"Compare Stripe's list with the accounts that are known here."`
}

type accountsList struct {
	Status  string `placeholder:"STATUS" help:"Only those of this status."`
	Country string `placeholder:"CC" help:"Only those of this country."`
	Query   string `name:"q" placeholder:"TEXT" help:"Only those whose seller, id or name holds this."`
	Sort    string `default:"-connected_at" help:"Order: a column, with - before it for descending."`
	Limit   int    `default:"0" help:"At most so many; 0 lists all."`
	JSON    bool   `help:"One JSON object a line."`
	app.DatabaseSettings
	app.LogSettings
}

func (c *accountsList) Run(ctx context.Context, to console) error {
	return withRegistry(ctx, c.DatabaseSettings, c.LogSettings, to, func(core *app.Core) error {
		if c.JSON {
			lines := json.NewEncoder(to.out)
			return c.pages(ctx, core, func(page []client.Account) error { return encodeEach(lines, page) })
		}
		w := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ACCOUNT\tSELLER\tSTATUS\tNAME\tCOUNTRY\tCHECKED")
		return errors.Join(c.pages(ctx, core, func(page []client.Account) error { return printAccounts(w, page) }), w.Flush())
	})
}

// pages goes through the list, so that nothing loads all accounts at once.
func (c *accountsList) pages(ctx context.Context, core *app.Core, use func([]client.Account) error) error {
	query := registry.AccountQuery{Status: c.Status, Country: c.Country, Text: c.Query, Sort: c.Sort}
	for left := c.Limit; ; {
		query.Limit = registry.MaxPage
		if c.Limit > 0 {
			query.Limit = min(left, registry.MaxPage)
		}
		page, err := core.Registry.Accounts(ctx, query)
		if err != nil {
			return err
		}
		if err := use(page.Accounts); err != nil {
			return err
		}
		left -= len(page.Accounts)
		if query.Cursor = page.NextCursor; query.Cursor == "" || c.Limit > 0 && left <= 0 {
			return nil
		}
	}
}

func encodeEach(lines *json.Encoder, page []client.Account) error {
	for _, a := range page {
		if err := lines.Encode(a); err != nil {
			return err
		}
	}
	return nil
}

// printAccounts aligns a page's columns and lets go of it: a tabwriter keeps all lines until it is flushed.
func printAccounts(w *tabwriter.Writer, page []client.Account) error {
	for _, a := range page {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n",
			a.ID, a.SellerID, a.Status, orDash(a.DisplayName), orDash(a.Country), orNever(a.CheckedAt))
	}
	return w.Flush()
}

func orDash(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}

type accountsShow struct {
	ID string `arg:"" help:"The account's id (acct_…)."`
	app.DatabaseSettings
	app.LogSettings
}

func (c *accountsShow) Run(ctx context.Context, to console) error {
	return withRegistry(ctx, c.DatabaseSettings, c.LogSettings, to, func(core *app.Core) error {
		found, err := core.Registry.Account(ctx, c.ID)
		if err != nil {
			return err
		}
		return printJSON(to, found)
	})
}

type accountsRecheck struct {
	ID string `arg:"" help:"The account's id (acct_…)."`
	app.DatabaseSettings
	app.StripeSettings
	app.ServiceSettings
	app.LogSettings
}

func (c *accountsRecheck) Run(ctx context.Context, to console) error {
	return c.withStripe(ctx, to, nil, func(core *app.Core) error {
		if err := core.Registry.Rechecking(ctx, c.ID, shell); err != nil {
			return err
		}
		if err := core.Checker.Check(ctx, c.ID, registry.Recheck); err != nil {
			return err
		}
		return printReadiness(ctx, to, core, c.ID)
	})
}

// withStripe names what is wrong with the settings that it needs, and what the command found wrong, at once.
func (c *accountsRecheck) withStripe(ctx context.Context, to console, wrong []error, use func(*app.Core) error) error {
	return withStripe(ctx, c.DatabaseSettings, c.StripeSettings, c.ServiceSettings, c.LogSettings, to, wrong, use)
}

type accountsUnlink struct {
	accountsRecheck
	Force bool `help:"Also an account that works: its payments through the platform end."`
}

func (c *accountsUnlink) Run(ctx context.Context, to console) error {
	rule := onboarding.Allowed
	if c.Force {
		rule = onboarding.Forced
	}
	return c.withStripe(ctx, to, c.CheckOAuth(), func(core *app.Core) error {
		if err := core.Onboarding.UnlinkAccount(ctx, c.ID, rule, shell); err != nil {
			return err
		}
		return printReadiness(ctx, to, core, c.ID)
	})
}

type accountsReassign struct {
	ID     string `arg:"" help:"The account's id (acct_…)."`
	Seller string `arg:"" help:"The id of the seller who is to hold it."`
	app.DatabaseSettings
	app.LogSettings
}

func (c *accountsReassign) Run(ctx context.Context, to console) error {
	return withRegistry(ctx, c.DatabaseSettings, c.LogSettings, to, func(core *app.Core) error {
		if err := core.Registry.Reassign(ctx, c.ID, c.Seller, shell); err != nil {
			return err
		}
		return printReadiness(ctx, to, core, c.ID)
	})
}

func printReadiness(ctx context.Context, to console, core *app.Core, accountID string) error {
	found, err := core.Registry.Account(ctx, accountID)
	if err != nil {
		return err
	}
	ready, err := core.Registry.Readiness(ctx, found.SellerID)
	if err != nil {
		return err
	}
	return printJSON(to, ready)
}

func printJSON[T any](to console, v T) error {
	encoder := json.NewEncoder(to.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// withRegistry runs a command that needs the database alone.
func withRegistry(ctx context.Context, database app.DatabaseSettings, log app.LogSettings, to console, use func(*app.Core) error) error {
	if err := to.check(database.Check()); err != nil {
		return err
	}
	return withCore(log.Logger(to.err), func(core *app.Core) error {
		if err := core.OpenDatabase(ctx, database); err != nil {
			return err
		}
		if err := core.OpenRegistry(ctx, app.ServiceSettings{}); err != nil {
			return err
		}
		return use(core)
	})
}
