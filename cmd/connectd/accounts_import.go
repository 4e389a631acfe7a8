package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/scan"
)

// sellersFrom are the flags that say which seller holds an account.
type sellersFrom struct {
	SellerIDFrom string `name:"seller-id-from" placeholder:"metadata.KEY" xor:"sellers" help:"Take the seller's id from the account's metadata (default: the account's own id)."`
	CSV          string `name:"csv" placeholder:"FILE" xor:"sellers" help:"Take the seller's id from a file with the header account,seller; - is standard input."`
}

func (s sellersFrom) sellers() (scan.Sellers, error) {
	switch {
	case s.SellerIDFrom != "":
		return scan.SellersByMetadata(s.SellerIDFrom)
	case s.CSV == "-":
		return scan.SellersByFile(os.Stdin)
	case s.CSV != "":
		return sellersByFile(s.CSV)
	}
	return scan.SellersByAccount(), nil
}

func sellersByFile(name string) (scan.Sellers, error) {
	file, err := os.Open(name)
	if err != nil {
		return scan.Sellers{}, account.Errorf(account.Invalid, "--csv: %v.", err)
	}
	sellers, err := scan.SellersByFile(file)
	return sellers, errors.Join(err, file.Close())
}

type accountsImport struct {
	sellersFrom
	app.DatabaseSettings
	app.StripeSettings
	app.ServiceSettings
	app.LogSettings
}

func (c *accountsImport) Run(ctx context.Context, to console) error {
	sellers, err := c.sellers()
	if err != nil {
		return err
	}
	return withStripe(ctx, c.DatabaseSettings, c.StripeSettings, c.ServiceSettings, c.LogSettings, to, nil, func(core *app.Core) error {
		return runImport(ctx, core, sellers, to)
	})
}

func runImport(ctx context.Context, core *app.Core, sellers scan.Sellers, to console) error {
	p := newProgress(to.err, "importing")
	table := newRefusalTable(to.out)
	report, err := core.Importer.Import(ctx, sellers, shell, func(i scan.Imported) { p.show(progressOf(i, sellers)) }, table.add)
	p.end()
	if err := errors.Join(err, table.flush()); err != nil {
		return err
	}
	fmt.Fprintf(to.err, "Stripe listed %d accounts in %d calls: %d imported, %d known already.\n",
		report.Listed, report.Calls, report.Imported, report.Known)
	return shortOf(report)
}

func shortOf(report scan.Imported) error {
	if !report.Short() {
		return nil
	}
	err := fmt.Errorf("%d accounts could not be taken; mend what is listed, and run it again", report.Refused)
	if report.Unreadable > 0 {
		err = fmt.Errorf("%w; %d more could not be read", err, report.Unreadable)
	}
	return err
}

func progressOf(i scan.Imported, sellers scan.Sellers) step {
	return step{done: i.Listed, of: sellers.Total(), words: fmt.Sprintf("%d accounts in %d calls: %d imported, %d known already", i.Listed, i.Calls, i.Imported, i.Known)}
}

// refusalTable lists what could not be taken, if anything.
type refusalTable struct {
	w     *tabwriter.Writer
	begun bool
}

func newRefusalTable(w io.Writer) *refusalTable {
	return &refusalTable{w: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
}

func (t *refusalTable) add(r scan.Refusal) {
	if !t.begun {
		fmt.Fprintln(t.w, "ACCOUNT\tSELLER\tWHY")
		t.begun = true
	}
	fmt.Fprintf(t.w, "%s\t%s\t%s\n", r.AccountID, dash(r.SellerID), r.Why)
}

func (t *refusalTable) flush() error { return t.w.Flush() }

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
