// Command connectd connects sellers' Stripe accounts, keeps them true, and says who may transact.
//
// It may import everything. Its one rule: it is commands and flags, and decides nothing.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/postgres"
)

// The exit codes.
const (
	exitDone  = 0
	exitShort = 1 // something fell short
	exitUsage = 2 // wrong use, or wrong settings
)

func main() {
	postgres.Main()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// commands is the command line.
type commands struct {
	Demo     demoCommand     `cmd:"" help:"Everything on this machine: Postgres, the sandbox in Stripe's place, the service, sellers to look at."`
	Serve    serveCommand    `cmd:"" help:"The service."`
	Sandbox  sandboxCommand  `cmd:"" help:"The sandbox alone: a Stripe Connect to develop against."`
	Migrate  migrateCommand  `cmd:"" help:"The database's schema."`
	Accounts accountsCommand `cmd:"" help:"Connected accounts."`
	Scan     scanCommand     `cmd:"" help:"The health scan."`
	Events   eventsCommand   `cmd:"" help:"Stripe's events as stored."`
	Links    linksCommand    `cmd:"" help:"The links to sellers' pages."`
	Keys     keysCommand     `cmd:"" help:"The platform's API keys."`
	Admin    adminCommand    `cmd:"" help:"The admin's sign-in."`
	Policy   policyCommand   `cmd:"" help:"The platform's rules for who may transact."`
	Webhooks webhooksCommand `cmd:"" help:"The webhook endpoint at Stripe."`
	Health   healthCommand   `cmd:"" help:"Ask whether connectd serve is alive on this machine, as a container's health check does."`
	Doctor   doctorCommand   `cmd:"" help:"Look at all that connectd needs, and say how to mend what is wrong."`
	Bench    benchCommand    `cmd:"" help:"Measure connectd with very many accounts, on this machine."`
	Version  versionCommand  `cmd:"" help:"The version."`

	Env string `name:"env" env:"CONNECTD_ENV" default:"development" enum:"development,production" help:"Which file of settings is read, .env.development or .env.production."`
}

// console is where a command writes: what was asked for on out, words on err. wrong is what the environment alone has
// wrong, for check to name with the rest; origins are where its settings come from.
type console struct {
	out, err io.Writer
	wrong    []error
	origins  origins
}

// settingsError lists all that is wrong with the settings at once.
type settingsError struct{ wrong []error }

func (e *settingsError) Error() string { return errors.Join(e.wrong...).Error() }

// check fails where any setting is wrong, in the environment or in the groups that the command looked at.
func (c console) check(groups ...[]error) error {
	wrong := slices.Clone(c.wrong)
	for _, err := range slices.Concat(groups...) {
		if !c.explains(err) {
			wrong = append(wrong, err)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return &settingsError{wrong}
}

// explains reports whether a setting is missing because its file can't be read, which has been said.
func (c console) explains(missing error) bool {
	e, ok := errors.AsType[*app.SettingError](missing)
	return ok && e.Missing() && slices.ContainsFunc(c.wrong, func(err error) bool {
		of, ok := errors.AsType[*app.SettingError](err)
		return ok && of.Name == e.Name+fileSuffix
	})
}

func run(ctx context.Context, args []string, out, err io.Writer) int {
	to := console{out: out, err: err}
	chooseEnvironment(args)
	parser, parseErr := newParser()
	if parseErr != nil {
		return to.fail(parseErr)
	}
	inReal := settingsSet(parser.Model)
	to.wrong = readEnvironment(parser.Model)
	to.origins = originsOf(parser.Model, inReal)
	parser.Stdout, parser.Stderr = out, err
	parsed, parseErr := parser.Parse(args)
	if parseErr != nil {
		return to.fail(&settingsError{append(to.wrong, parseErr)})
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	return to.fail(parsed.Run(to))
}

func newParser() (*kong.Kong, error) {
	return kong.New(&commands{},
		kong.Name("connectd"),
		kong.Description("Connects sellers' Stripe accounts, keeps them true, and says who may transact."),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
}

// fail says what went wrong, and gives the exit code.
func (c console) fail(err error) int {
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(c.err, "connectd: %v\n", err)
	if _, wrong := errors.AsType[*settingsError](err); wrong || account.KindOf(err) == account.Invalid {
		return exitUsage
	}
	return exitShort
}
