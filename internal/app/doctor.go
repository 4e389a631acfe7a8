package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/registry"
)

// Finding is what became of looking at one thing.
type Finding struct {
	Name  string
	State State
	Words string // what was found
	Fix   string // what to do, "" where all is well
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
	defer core.Close(ctx) //nolint:errcheck // closing a pool does not fail
	err := core.OpenDatabase(ctx, d.Database)
	if errors.Is(err, postgres.ErrTooOld) {
		return []Finding{{"database", Wrong, err.Error(), "use the connectd that has migrated it"}}, nil
	}
	if err != nil {
		return []Finding{{"database", Wrong, err.Error(), "start Postgres, or correct DATABASE_URL"}}, nil
	}
	findings := append([]Finding{{"database", Fine, "it answers", ""}}, d.pooler(ctx)...)
	findings = append(findings, d.migrations(ctx))
	if findings[len(findings)-1].State == Wrong {
		return findings, nil
	}
	findings = append(findings, d.examineRows(ctx, core.queries)...)
	owner, known, err := registry.PlatformOf(ctx, core.queries)
	if err != nil || !known {
		return findings, nil
	}
	return findings, &owner
}

// examineRows looks at what connectd knows itself.
func (d Doctor) examineRows(ctx context.Context, q *db.Queries) []Finding {
	return []Finding{d.overdue(ctx, q), d.heard(ctx, q), d.missed(ctx, q), d.attempts(ctx, q), d.reads(ctx, q)}
}

// overdue looks at whether accounts wait for their checks.
func (d Doctor) overdue(ctx context.Context, q *db.Queries) Finding {
	counted, err := countTroubles(ctx, q, d.Now())
	switch {
	case err != nil:
		return Finding{"checks", Wrong, err.Error(), "see the database's log"}
	case counted.Overdue > 0:
		return Finding{"checks", Warning, overdueWords(counted.Overdue), "see that CONNECTD_STRIPE_RATE suffices and that Stripe answers"}
	}
	return Finding{"checks", Fine, "no account has been due for more than an hour", ""}
}

// heard says since when Stripe is silent, which on a quiet platform is no fault.
func (d Doctor) heard(ctx context.Context, q *db.Queries) Finding {
	heard, err := q.LastHeardAt(ctx)
	switch {
	case err != nil:
		return Finding{"events", Wrong, err.Error(), "see the database's log"}
	case len(heard) == 0:
		return Finding{"events", Fine, "none of Stripe's has come yet, or none is kept; where nothing happens that is no fault", ""}
	}
	return Finding{"events", Fine, "the last of Stripe's came at " + heard[0].UTC().Format(time.RFC3339) + "; where nothing happens silence is no fault", ""}
}

func (d Doctor) migrations(ctx context.Context) Finding {
	migrations, err := postgres.MigrateStatus(ctx, d.Database.Direct())
	if err != nil {
		return Finding{"migrations", Wrong, err.Error(), "see that CONNECTD_DATABASE_DIRECT_URL leads to the database"}
	}
	for _, m := range migrations {
		if m.AppliedAt.IsZero() {
			return Finding{"migrations", Wrong, m.Name + " is pending", "connectd migrate up (serve does it when it starts)"}
		}
	}
	return Finding{"migrations", Fine, "all are applied", ""}
}

func (d Doctor) attempts(ctx context.Context, q *db.Queries) Finding {
	attempts, err := onboarding.Unfinished(ctx, q, d.Now())
	if err != nil {
		return Finding{"exchanges", Wrong, err.Error(), "see the database's log"}
	}
	if len(attempts) == 0 {
		return Finding{"exchanges", Fine, "none is unfinished", ""}
	}
	sellers := make([]string, len(attempts))
	for i, a := range attempts {
		sellers[i] = a.SellerID
	}
	return Finding{
		"exchanges", Warning, "unfinished for " + strings.Join(slices.Compact(sellers), ", "),
		"let these sellers connect again, by a fresh link, unless /statusz says that connectd goes on by itself",
	}
}

func (d Doctor) reads(ctx context.Context, q *db.Queries) Finding {
	used, err := readsUsed(ctx, q, d.Now(), d.Stripe.StripeReadAllocation)
	if err != nil {
		return Finding{"reads", Wrong, err.Error(), "see the database's log"}
	}
	if used.short() {
		return Finding{"reads", Warning, used.String(), used.fix()}
	}
	return Finding{"reads", Fine, used.String(), ""}
}

const answersWithin = 30 * time.Second

// mail looks at whether the mail server can be reached and lets connectd in; it sends nothing.
func (d Doctor) mail(ctx context.Context) Finding {
	if !d.Mail.mailed() {
		return Finding{"mail", Fine, "CONNECTD_SMTP_URL is not set: nothing is mailed", ""}
	}
	const fix = "correct CONNECTD_SMTP_URL, and see that this machine reaches the server"
	sender, err := d.Mail.sender(d.BaseURL, BrandSettings{})
	if err != nil {
		return Finding{"mail", Wrong, err.Error(), fix}
	}
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	if err := sender.Check(ctx); err != nil {
		return Finding{"mail", Wrong, err.Error(), fix}
	}
	return Finding{"mail", Fine, "the server takes mails from " + sender.From.Address, ""}
}
