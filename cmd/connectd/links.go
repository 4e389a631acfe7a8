package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/onboarding"
)

type linksCommand struct {
	List   linksList   `cmd:"" help:"List the links that can be used."`
	Revoke linksRevoke `cmd:"" help:"End a link."`
}

type linksList struct {
	JSON bool `help:"One JSON object a line."`
	app.DatabaseSettings
	app.LogSettings
}

func (c *linksList) Run(ctx context.Context, to console) error {
	return withDatabase(ctx, c.DatabaseSettings, c.LogSettings, to, func(core *app.Core) error {
		links, err := core.Links(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0)
		if !c.JSON {
			fmt.Fprintln(w, "ID\tSELLER\tEXPIRES\tMAY UNLINK\tFIRST USED\tLAST USED")
		}
		for _, link := range links {
			err = errors.Join(err, c.print(w, link))
		}
		return errors.Join(err, w.Flush())
	})
}

func (c *linksList) print(w *tabwriter.Writer, link onboarding.KnownLink) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(link)
	}
	may := "no"
	if link.MayUnlink {
		may = "yes"
	}
	_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", link.ID, link.SellerID, link.ExpiresAt.Format(time.RFC3339), may,
		orNever(link.FirstUsedAt), orNever(link.LastUsedAt))
	return err
}

type linksRevoke struct {
	ID string `arg:"" help:"The link's id (link_…)."`
	app.DatabaseSettings
	app.LogSettings
}

func (c *linksRevoke) Run(ctx context.Context, to console) error {
	return withDatabase(ctx, c.DatabaseSettings, c.LogSettings, to, func(core *app.Core) error {
		if err := core.RevokeLink(ctx, c.ID, shell); err != nil {
			return err
		}
		_, err := fmt.Fprintf(to.err, "Link %s is revoked.\n", c.ID)
		return err
	})
}
