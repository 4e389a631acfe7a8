package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/web"
)

// Finding is what became of looking at one thing.
type Finding struct {
	Name  string
	State State
	Words string    // what was found
	Fix   string    // what to do, "" where all is well
	Page  *web.Page // where that is done; nil: not on the desk
}

// State says how a finding is to be taken.
type State string

// The states.
const (
	Fine    State = "ok"
	Warning State = "warning"
	Wrong   State = "wrong"
)

// Doctor looks at all that connectd needs, from where it stands.
type Doctor struct {
	Database DatabaseSettings
	Stripe   StripeSettings
	Mail     MailSettings
	// BaseURL is where browsers and Stripe reach connectd.
	BaseURL string
	Now     func() time.Time
	Logger  *slog.Logger
	// Registry is a running service's; nil: how far a new policy is judged is not looked at.
	Registry *registry.Registry
}

// Examine looks at each thing in turn: Postgres, then Stripe, then both together. What can't be looked at is left out.
func (d Doctor) Examine(ctx context.Context) ([]Finding, error) {
	client, err := d.Stripe.Client(nil, d.Logger)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	findings, owner := d.examineDatabase(ctx)
	findings = append(findings, d.mail(ctx))
	return append(findings, d.examineStripe(ctx, client, owner)...), nil
}

func (d Doctor) examineDatabase(ctx context.Context) ([]Finding, *registry.Platform) {
	core := NewCore(d.Logger)
	defer core.Stop(ctx) //nolint:errcheck // closing a pool does not fail
	err := core.OpenDatabase(ctx, d.Database)
	if errors.Is(err, postgres.ErrTooOld) {
		return []Finding{{Name: "database", State: Wrong, Words: err.Error(), Fix: "use the connectd that has migrated it"}}, nil
	}
	if err != nil {
		return []Finding{{Name: "database", State: Wrong, Words: err.Error(), Fix: "start Postgres, or correct DATABASE_URL"}}, nil
	}
	findings := append([]Finding{{Name: "database", State: Fine, Words: "it answers"}}, d.pooler(ctx)...)
	findings = append(findings, d.migrations(ctx))
	if findings[len(findings)-1].State == Wrong {
		return findings, nil
	}
	rows, err := d.known(ctx, core.queries)
	if err != nil {
		return append(findings, Finding{Name: "database", State: Wrong, Words: err.Error(), Fix: "see the database's log"}), nil
	}
	findings = append(findings, rows...)
	owner, known, err := registry.PlatformOf(ctx, core.queries)
	if err != nil || !known {
		return findings, nil
	}
	return findings, &owner
}

func (d Doctor) migrations(ctx context.Context) Finding {
	migrations, err := postgres.MigrateStatus(ctx, d.Database.Direct())
	if err != nil {
		return Finding{Name: "migrations", State: Wrong, Words: err.Error(), Fix: "see that CONNECTD_DATABASE_DIRECT_URL leads to the database"}
	}
	for _, m := range migrations {
		if m.AppliedAt.IsZero() {
			return Finding{Name: "migrations", State: Wrong, Words: m.Name + " is pending", Fix: "connectd migrate up (serve does it when it starts)"}
		}
	}
	return Finding{Name: "migrations", State: Fine, Words: "all are applied"}
}

const answersWithin = 30 * time.Second

// mail looks at whether the mail server can be reached and lets connectd in; it sends nothing.
func (d Doctor) mail(ctx context.Context) Finding {
	if !d.Mail.mailed() {
		return Finding{Name: "mail", State: Fine, Words: "CONNECTD_SMTP_URL is not set: nothing is mailed"}
	}
	const fix = "correct CONNECTD_SMTP_URL, and see that this machine reaches the server"
	sender, err := d.Mail.sender(d.BaseURL, BrandSettings{})
	if err != nil {
		return Finding{Name: "mail", State: Wrong, Words: err.Error(), Fix: fix}
	}
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	if err := sender.Check(ctx); err != nil {
		return Finding{Name: "mail", State: Wrong, Words: err.Error(), Fix: fix}
	}
	return Finding{Name: "mail", State: Fine, Words: "the server takes mails from " + sender.From.Address}
}
