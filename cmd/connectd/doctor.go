package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/connectd/connectd/internal/app"
)

const defaultBaseURL = "http://localhost:3001"

// errFellShort ends a command that has said what fell short.
var errFellShort = errors.New("something is wrong; each line says what to do")

type doctorCommand struct {
	BaseURL string `name:"base-url" env:"BASE_URL" placeholder:"URL" help:"Where browsers and Stripe reach connectd (default: http://localhost:3001)."`
	app.DatabaseSettings
	app.StripeSettings
	app.MailSettings
	app.LogSettings
}

func (c *doctorCommand) Run(ctx context.Context, to console) error {
	if err := to.check(c.DatabaseSettings.Check(), c.StripeSettings.Check(), c.CheckOAuth(), c.MailSettings.Check(), checkBaseURL(c.BaseURL, c.Mode())); err != nil {
		return err
	}
	findings, err := app.Doctor{
		Database: c.DatabaseSettings, Stripe: c.StripeSettings, Mail: c.MailSettings, Now: time.Now, Logger: c.Logger(to.err),
		BaseURL: strings.TrimSuffix(cmp.Or(c.BaseURL, defaultBaseURL), "/"),
	}.Examine(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0)
	for _, f := range findings {
		fmt.Fprintf(w, "%s\t%s\t%s\n", f.State, f.Name, f.Words)
		if f.Fix != "" {
			fmt.Fprintf(w, "\t\tfix: %s\n", f.Fix)
		}
		if f.State == app.Wrong {
			err = errFellShort
		}
	}
	return errors.Join(w.Flush(), err)
}
