package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/mail"
	"github.com/connectd/connectd/internal/registry"
)

// mail has the changes told by mail; where nothing is mailed they are not even read.
func (f *Follower) mail(ctx context.Context, tx pgx.Tx, changes []change) error {
	if f.cfg.Mails == nil {
		return nil
	}
	var wishes []mail.Wish
	for _, c := range changes {
		caused, err := c.mails()
		if err != nil {
			return fmt.Errorf("change %d as stored: %w", c.Position, err)
		}
		wishes = append(wishes, caused...)
	}
	return f.cfg.Mails.Put(ctx, tx, wishes, f.cfg.Now())
}

// mails are what the seller is to be told by mail. An import has connected nobody: it is no news to its sellers.
func (c change) mails() ([]mail.Wish, error) {
	var before client.Readiness
	if c.Before != nil {
		if err := json.Unmarshal(c.Before, &before); err != nil {
			return nil, err
		}
	}
	var wishes []mail.Wish
	switch becomes := becomes(before, c.after); {
	case becomes == SellerDisconnected:
		wishes = append(wishes, mail.Wish{SellerID: c.SellerID, Kind: mail.Disconnected})
	case becomes == SellerConnected && c.Source != string(registry.Import):
		wishes = append(wishes, mail.Wish{SellerID: c.SellerID, Kind: mail.Connected})
	case becomes == SellerReadinessChanged:
		wishes = append(wishes, switched(before, c.after)...)
	}
	if hasNewlyDue(before, c.after) {
		wishes = append(wishes, mail.Wish{SellerID: c.SellerID, Kind: mail.Due})
	}
	for i := range wishes {
		wishes[i].Position = c.Position
	}
	return wishes, nil
}

// switched tells whether Stripe has switched charges or payouts. What is not known yet is neither on nor off.
func switched(before, after client.Readiness) []mail.Wish {
	if !known(before) || !known(after) {
		return nil
	}
	var off, on []mail.Thing
	for thing, isOn := range map[mail.Thing]func(client.Readiness) bool{mail.Charges: mail.ChargesOn, mail.Payouts: mail.PayoutsOn} {
		switch was, is := isOn(before), isOn(after); {
		case was && !is:
			off = append(off, thing)
		case !was && is:
			on = append(on, thing)
		}
	}
	var wishes []mail.Wish
	if len(off) > 0 {
		wishes = append(wishes, mail.Wish{SellerID: after.SellerID, Kind: mail.SwitchedOff, About: off})
	}
	if len(on) > 0 {
		wishes = append(wishes, mail.Wish{SellerID: after.SellerID, Kind: mail.SwitchedOn, About: on})
	}
	return wishes
}

func known(ready client.Readiness) bool {
	return mail.IsConnected(ready) && !slices.ContainsFunc(ready.Reasons, func(r client.Reason) bool { return account.Code(r.Code) == account.CodeNotChecked })
}

// mailsOf are what an event that is no change has told by mail.
func mailsOf(e Event) ([]mail.Wish, error) {
	if e.Type != ScanFinished {
		return nil, nil
	}
	var report client.Scan
	if err := json.Unmarshal(e.Data, &report); err != nil {
		return nil, fmt.Errorf("read the report of a scan: %w", err)
	}
	if !foundSomething(report) {
		return nil, nil
	}
	return []mail.Wish{{Kind: mail.Digest}}, nil
}

func foundSomething(report client.Scan) bool {
	return report.State == "stopped" || report.Changed+report.Disconnected+report.Failed+report.HeldBack > 0
}

// SwitchedOffWorker has admins told by mail of an endpoint that was switched off.
type SwitchedOffWorker struct {
	river.WorkerDefaults[SwitchedOff]
	Pool  *pgxpool.Pool
	Mails *mail.Outbox // nil: none are sent
	Now   func() time.Time
}

// Work ends the job in the transaction of the mail.
func (w *SwitchedOffWorker) Work(ctx context.Context, job *river.Job[SwitchedOff]) error {
	return pgx.BeginFunc(ctx, w.Pool, func(tx pgx.Tx) error {
		if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job); err != nil {
			return fmt.Errorf("end the job: %w", err)
		}
		return w.Mails.Put(ctx, tx, []mail.Wish{{Kind: mail.EndpointOff, Subject: job.Args.EndpointID}}, w.Now())
	})
}
