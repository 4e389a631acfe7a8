package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/scan"
)

type accountsReconcile struct {
	Apply bool `help:"Mend what differs: take orphans as import does, and check ghosts in a scan, under its brake."`
	sellersFrom
	app.DatabaseSettings
	app.StripeSettings
	app.ServiceSettings
	app.LogSettings
}

func (c *accountsReconcile) Run(ctx context.Context, to console) error {
	sellers, err := c.sellers()
	if err != nil {
		return err
	}
	return withStripe(ctx, c.DatabaseSettings, c.StripeSettings, c.ServiceSettings, c.LogSettings, to, nil, func(core *app.Core) error {
		found := &differences{w: tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0)}
		err := c.reconcile(ctx, core, sellers, found, to)
		return errors.Join(err, found.w.Flush(), found.short())
	})
}

func (c *accountsReconcile) reconcile(ctx context.Context, core *app.Core, sellers scan.Sellers, found *differences, to console) error {
	r, err := c.begin(ctx, core, sellers, found)
	if err != nil {
		return err
	}
	p := newProgress(to.err, "comparing")
	err = r.Orphans(ctx, func(i scan.Imported) {
		p.show(step{done: i.Listed, words: fmt.Sprintf("%d accounts in %d calls", i.Listed, i.Calls)})
	})
	p.end()
	switch {
	case err != nil:
		return err
	case c.Apply:
		err = c.confirm(ctx, core, r, to)
	default:
		err = r.Ghosts(ctx)
	}
	return errors.Join(err, r.End(context.WithoutCancel(ctx)))
}

func (c *accountsReconcile) begin(ctx context.Context, core *app.Core, sellers scan.Sellers, found *differences) (*scan.Reconciliation, error) {
	if !c.Apply {
		return core.Importer.Compare(ctx, shell, found.add)
	}
	switch report, open, err := core.Scans.Current(ctx, time.Now()); {
	case err != nil:
		return nil, err
	case open:
		return nil, openAlready(report)
	}
	return core.Importer.Mend(ctx, sellers, shell, found.add)
}

func openAlready(report client.Scan) error {
	return account.Errorf(account.Conflict, "Scan %s is %s. Wait for its end, or resume it (connectd scan resume), and run this again.", report.ID, report.State)
}

// confirm has a scan retrieve what Stripe's list leaves out.
func (c *accountsReconcile) confirm(ctx context.Context, core *app.Core, r *scan.Reconciliation, to console) error {
	report, err := c.openPass(ctx, core, r)
	if err != nil {
		return err
	}
	report, err = workOn(ctx, core, c.StripeSettings, report, to)
	fmt.Fprintf(to.err, "Scan %s is %s: of %d accounts %d were checked and %d disconnected; %d are held back.\n",
		report.ID, report.State, report.Due, report.Checked, report.Disconnected, report.HeldBack)
	return errors.Join(err, r.Confirmed(ctx, report.StartedAt), short(report))
}

// openPass waits for the end of a scan that the schedule has opened meanwhile.
func (c *accountsReconcile) openPass(ctx context.Context, core *app.Core, r *scan.Reconciliation) (client.Scan, error) {
	for {
		report, err := core.Scans.Confirm(ctx, shell, r, time.Now())
		if account.KindOf(err) != account.Conflict {
			return report, err
		}
		current, open, currentErr := core.Scans.Current(ctx, time.Now())
		switch {
		case currentErr != nil:
			return report, currentErr
		case open && current.State == "braked":
			return report, openAlready(current)
		}
		select {
		case <-ctx.Done():
			return report, errors.New("interrupted; run it again")
		case <-time.After(followEvery):
		}
	}
}

// differences prints what differs.
type differences struct {
	w                *tabwriter.Writer
	mended, remained int
}

func (d *differences) add(found scan.Difference) {
	if d.mended+d.remained == 0 {
		fmt.Fprintln(d.w, "KIND\tACCOUNT\tSELLER\tWHAT")
	}
	if found.Mended {
		d.mended++
	} else {
		d.remained++
	}
	fmt.Fprintf(d.w, "%s\t%s\t%s\t%s\n", found.Kind, found.AccountID, dash(found.SellerID), found.What)
}

func (d *differences) short() error {
	if d.remained == 0 {
		return nil
	}
	return fmt.Errorf("%d differences between Stripe and connectd remain", d.remained)
}
