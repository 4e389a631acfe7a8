package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/policyfile"
	"github.com/connectd/connectd/internal/registry"
)

type policyCommand struct {
	Show  policyShow  `cmd:"" help:"Print the policy, as JSON that plan and apply take."`
	Plan  policyPlan  `cmd:"" help:"Say which sellers a policy would let lose or gain the ability to transact."`
	Apply policyApply `cmd:"" help:"Store a policy and judge every account by it."`
}

type policyShow struct {
	app.DatabaseSettings
	app.LogSettings
}

func (c *policyShow) Run(ctx context.Context, to console) error {
	return withRegistry(ctx, c.DatabaseSettings, c.LogSettings, to, func(core *app.Core) error {
		policy, version, err := core.Registry.Policy(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(to.err, "Policy version %d:\n", version)
		return printJSON(to, policy)
	})
}

type policyPlan struct {
	File string `arg:"" help:"The policy: a file with JSON, or - for standard input."`
	app.DatabaseSettings
	app.LogSettings
}

func (c *policyPlan) Run(ctx context.Context, to console) error {
	policy, err := readPolicy(c.File)
	if err != nil {
		return err
	}
	return withRegistry(ctx, c.DatabaseSettings, c.LogSettings, to, func(core *app.Core) error {
		_, err := printPlan(ctx, to, core, policy)
		return err
	})
}

type policyApply struct {
	policyPlan
	Yes bool `help:"Do not ask."`
}

func (c *policyApply) Run(ctx context.Context, to console) error {
	policy, err := readPolicy(c.File)
	if err != nil {
		return err
	}
	return withRegistry(ctx, c.DatabaseSettings, c.LogSettings, to, func(core *app.Core) error {
		planned, err := printPlan(ctx, to, core, policy)
		if err != nil {
			return err
		}
		if !c.Yes && !confirmed(to) {
			return errors.New("nothing was changed")
		}
		version, err := core.Registry.ApplyPolicy(ctx, policy, planned, shell)
		if err != nil {
			return err
		}
		fmt.Fprintf(to.err, "Policy version %d is stored; every account is judged by it now.\n", version)
		err = core.Registry.Rejudge(ctx, func(left int64) { fmt.Fprintf(to.err, "%d accounts left\n", left) })
		if err != nil {
			return fmt.Errorf("not all accounts are judged by it yet; a running serve goes on within a minute, or at its start: %w", err)
		}
		return nil
	})
}

// readPolicy refuses what it does not know: a misspelt rule would be no rule.
func readPolicy(file string) (account.Policy, error) {
	var in io.Reader = os.Stdin
	if file != "-" {
		opened, err := os.Open(file)
		if err != nil {
			return account.Policy{}, &settingsError{[]error{err}}
		}
		defer opened.Close()
		in = opened
	}
	policy, faults := policyfile.Read(in)
	wrong := make([]error, len(faults))
	for i, fault := range faults {
		wrong[i] = fmt.Errorf("the policy %s: %w (example: what connectd policy show prints)", file, fault)
	}
	if len(wrong) > 0 {
		return policy, &settingsError{wrong}
	}
	return policy, nil
}

// printPlan says what the policy would change, and against which version that is.
func printPlan(ctx context.Context, to console, core *app.Core, policy account.Policy) (against int32, err error) {
	planner, err := core.Registry.NewPlanner(ctx, policy)
	if err != nil {
		return 0, err
	}
	w := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0)
	for !planner.Done {
		changed, err := planner.Next(ctx)
		if err != nil {
			return 0, err
		}
		for _, p := range changed {
			printPlanned(w, p)
		}
		if err := w.Flush(); err != nil { // it keeps all lines until then
			return 0, err
		}
	}
	plan := planner.Plan
	if plan.Accounts > 0 && len(plan.Unlisted) > 0 {
		fmt.Fprintf(to.err, "warning: no connected account lists %s, so requiring it blocks nobody; is it spelt as Stripe does?\n",
			strings.Join(plan.Unlisted, ", "))
	}
	if plan.Stale > 0 && policy.DenyWhenStale {
		fmt.Fprintf(to.err, "warning: %d besides would be refused until they are checked again (deny_when_stale)\n", plan.Stale)
	}
	fmt.Fprintf(w, "of %d connected accounts %d would lose and %d would gain the ability to transact\n", plan.Accounts, plan.Losses, plan.Gains)
	return planner.Against, w.Flush()
}

func printPlanned(w io.Writer, p registry.Planned) {
	gainsOrLoses := "loses"
	if p.CanTransact {
		gainsOrLoses = "gains"
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s -> %s\t%s\n", gainsOrLoses, p.SellerID, p.AccountID, p.Before, p.After, codesOf(p.Reasons))
}

func codesOf(reasons []account.Reason) string {
	codes := make([]string, len(reasons))
	for i, r := range reasons {
		codes[i] = string(r.Code)
	}
	return strings.Join(codes, ", ")
}

// confirmed asks on a terminal; where there is none nobody can say yes.
func confirmed(to console) bool {
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		fmt.Fprintln(to.err, "there is no terminal to ask on: give --yes")
		return false
	}
	fmt.Fprint(to.err, "Apply this policy? [y/N] ")
	answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
	return err == nil && strings.EqualFold(strings.TrimSpace(answer), "y")
}
