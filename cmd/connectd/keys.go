package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/stripeapi"
)

type keysCommand struct {
	Create keysCreate `cmd:"" help:"Make a key; it is printed once."`
	List   keysList   `cmd:"" help:"List the keys."`
	Revoke keysRevoke `cmd:"" help:"Revoke a key."`
}

type keysCreate struct {
	Name            string           `required:"" placeholder:"NAME" help:"What the key is for."`
	Scope           []string         `required:"" placeholder:"SCOPE" help:"What the key may do; may be given several times."`
	ExpiresIn       *time.Duration   `placeholder:"DURATION" help:"How long the key works (example: 720h; default: until it is revoked)."`
	StripeSecretKey stripeapi.Secret `name:"stripe-secret-key" env:"STRIPE_SECRET_KEY" placeholder:"KEY" help:"Says the mode of a database that belongs to no platform yet."`
	app.DatabaseSettings
	app.LogSettings
}

var errLifeless = errors.New("--expires-in is not above 0 (example: 720h; without it the key works until it is revoked)")

func (c *keysCreate) Run(ctx context.Context, to console) error {
	var life time.Duration
	if c.ExpiresIn != nil {
		if life = *c.ExpiresIn; life <= 0 { // Keys would make one that never expires
			return to.check(c.Check(), []error{errLifeless})
		}
	}
	return withDatabase(ctx, c.DatabaseSettings, c.LogSettings, to, func(core *app.Core) error {
		livemode, err := core.Livemode(ctx, string(c.StripeSecretKey))
		if err != nil {
			return err
		}
		params := access.KeyParams{Livemode: livemode, Name: c.Name, ExpiresIn: life, By: shell}
		for _, scope := range c.Scope {
			params.Scopes = append(params.Scopes, access.Scope(scope))
		}
		made, err := core.Keys.Create(ctx, params)
		if err != nil {
			return err
		}
		fmt.Fprintf(to.err, "Key %s (%s) is shown this once:\n", made.ID, c.Name)
		if access.ForceNothing(params.Scopes) {
			fmt.Fprintf(to.err, "Its scope %s opens nothing without %s: make a key with both, and revoke this one.\n", access.AccountsForce, access.AccountsWrite)
		}
		_, err = fmt.Fprintln(to.out, made.Secret)
		return err
	})
}

type keysList struct {
	JSON bool `help:"One JSON object a line."`
	app.DatabaseSettings
	app.LogSettings
}

func (c *keysList) Run(ctx context.Context, to console) error {
	return withDatabase(ctx, c.DatabaseSettings, c.LogSettings, to, func(core *app.Core) error {
		keys, err := core.Keys.List(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0)
		if !c.JSON {
			fmt.Fprintln(w, "ID\tNAME\tSCOPES\tSTATE\tCREATED\tEXPIRES\tLAST USED")
		}
		for _, key := range keys {
			err = errors.Join(err, c.print(w, key))
		}
		return errors.Join(err, w.Flush())
	})
}

func (c *keysList) print(w *tabwriter.Writer, key access.Key) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(key)
	}
	scopes := make([]string, len(key.Scopes))
	for i, scope := range key.Scopes {
		scopes[i] = string(scope)
	}
	_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", key.ID, key.Name, strings.Join(scopes, ","), key.State(time.Now()),
		key.CreatedAt.UTC().Format(time.RFC3339), orNever(key.ExpiresAt), orNever(key.LastUsedAt))
	return err
}

func orNever(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}

type keysRevoke struct {
	ID string `arg:"" help:"The key's id (key_…)."`
	app.DatabaseSettings
	app.LogSettings
}

func (c *keysRevoke) Run(ctx context.Context, to console) error {
	return withDatabase(ctx, c.DatabaseSettings, c.LogSettings, to, func(core *app.Core) error {
		if err := core.Keys.Revoke(ctx, c.ID, shell); err != nil {
			return err
		}
		_, err := fmt.Fprintf(to.err, "Key %s is revoked.\n", c.ID)
		return err
	})
}
