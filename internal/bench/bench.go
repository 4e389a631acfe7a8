// Package bench measures a connectd with very many accounts: the real service, asked over HTTP, on a Postgres that keeps
// what it has committed, with the sandbox in Stripe's place. It is behind `connectd bench`.
//
// It may import everything. Its one rule: no figure stands alone. Each has a floor that was measured in the same run, by the
// same load, and its ratio to it: other machines give other figures, and a busy one slow ones, but the ratios stay near.
package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/account"
)

// fewest accounts that are measured: each of the connections that deliver events has to have one of its own.
const fewest = 300

// Config says what is measured.
type Config struct {
	Accounts []int    // how many there are, one after the other
	Only     []string // of Groups; none: all
	// DatabaseURL is that of an empty database, for one number of accounts; "": an embedded Postgres in a temporary folder.
	DatabaseURL string
	For         time.Duration // how long each measurement goes on, and its floor's likewise
	Version     string        // of the program
	Commit      string
	Logger      *slog.Logger // hears how far it is
}

// group is what is measured together.
type group struct {
	name    string
	measure func(*run, context.Context) error
}

// groups are measured in this order: it starts the service as seldom as can be, and what writes comes last.
var groups = []group{
	{"sizes", (*run).sizes},
	{"memory", (*run).memory},
	{"batch", (*run).batch},
	{"admin", (*run).admin},
	{"readiness", (*run).readiness},
	{"ingest", (*run).ingest},
	{"scan", (*run).scan},
}

// Groups are what can be measured.
func Groups() []string {
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = g.name
	}
	return names
}

// Check refuses what can't be measured.
func (c Config) Check() []error {
	var wrong []error
	if len(c.Accounts) == 0 || slices.Min(c.Accounts) < fewest {
		wrong = append(wrong, fmt.Errorf("--accounts holds a number below %d (example: 10000,100000)", fewest))
	}
	if c.DatabaseURL != "" && len(c.Accounts) > 1 {
		wrong = append(wrong, errors.New("--accounts holds more than one number, and the database that DATABASE_URL names is empty only once (example: 100000)"))
	}
	for _, name := range c.Only {
		if !slices.Contains(Groups(), name) {
			wrong = append(wrong, fmt.Errorf("--only holds %q, which is not measured (example: %s)", name, strings.Join(Groups(), ",")))
		}
	}
	if c.For <= 0 {
		wrong = append(wrong, errors.New("--for is not above 0 (example: 5s)"))
	}
	return wrong
}

// Run measures each number of accounts in turn. What it has begun it ends, and an embedded database goes with it.
func Run(ctx context.Context, cfg Config) (Report, error) {
	if wrong := cfg.Check(); len(wrong) > 0 {
		return Report{}, &account.Error{Kind: account.Invalid, Message: errors.Join(wrong...).Error()}
	}
	report := Report{Version: cfg.Version, Commit: cfg.Commit, At: time.Now().UTC(), For: cfg.For.String(), Machine: thisMachine()}
	for _, n := range cfg.Accounts {
		lines, err := cfg.runOne(ctx, n, &report.Machine)
		report.Lines = append(report.Lines, lines...)
		if err != nil {
			return report, fmt.Errorf("%d accounts: %w", n, err)
		}
	}
	return report, nil
}

func (c Config) runOne(ctx context.Context, n int, on *Machine) (lines []Line, err error) {
	r := &run{cfg: c, n: n}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		err = errors.Join(err, r.close(ctx))
	}()
	if err := r.open(ctx); err != nil {
		return nil, err
	}
	if on.Postgres, err = text(ctx, r.pool, `select current_setting('server_version')`); err != nil {
		return nil, err
	}
	for _, g := range groups {
		if len(c.Only) > 0 && !slices.Contains(c.Only, g.name) {
			continue
		}
		r.group = g.name
		c.Logger.InfoContext(ctx, "measuring", "what", g.name, "accounts", n)
		if err := g.measure(r, ctx); err != nil {
			return r.lines, fmt.Errorf("measure %s: %w", g.name, err)
		}
	}
	return r.lines, nil
}
