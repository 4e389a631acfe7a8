package main

import (
	"bufio"
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// inDebug has a demo log all that it can.
var inDebug = []string{"CONNECTD_LOG_LEVEL=debug", "CONNECTD_LOG_FORMAT=json"}

// printable are the lines in which a demo tells its reader what to open and what to try: they are no log.
var printable = regexp.MustCompile(`^(Seller's page|  in each state|Admin's page|  password|Sandbox|Mailbox|API key|Try|Stop) `)

// linksToken is the secret part of a link's path.
var linksToken = regexp.MustCompile(`/(?:connect|mail/unsubscribe)/([A-Za-z0-9_-]{20,})`)

// personal are what the database holds of people: their names and addresses.
func (w walk) personal(t *testing.T) (texts []string) {
	t.Helper()
	w.Database(t, func(ctx context.Context, conn *pgx.Conn) error {
		rows, _ := conn.Query(ctx, `select email from sellers where email is not null
			union select display_name from accounts where display_name is not null`) // CollectRows has its error
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		texts = found
		return err
	})
	return texts
}

// logHoldsNothingPersonal looks through all that a process has logged, line by line.
func (w walk) logHoldsNothingPersonal(t *testing.T, log string, more ...string) {
	t.Helper()
	secrets := append(more, w.AdminPassword, w.APIKey, w.WebhookSecret, w.PlatformKey, "connectd_state", "sk_test_", "whsec_", "ck_test_")
	people := w.personal(t)
	if len(people) < 10 {
		t.Fatalf("only %d names and addresses are known, of which none may be logged", len(people))
	}
	lines, seen := bufio.NewScanner(strings.NewReader(log)), map[string]bool{}
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if printable.MatchString(line) {
			continue
		}
		var said map[string]any
		if err := json.Unmarshal([]byte(line), &said); err != nil {
			t.Errorf("a line of the log is no JSON: %s", line)
			continue
		}
		for name := range said {
			seen[name] = true
		}
		for _, text := range append(people, secrets...) {
			if text != "" && strings.Contains(line, text) {
				t.Errorf("%q is logged: %s", text, line)
			}
		}
		if found := linksToken.FindString(line); found != "" || strings.Contains(line, "@") {
			t.Errorf("a token or an address is logged: %s", line)
		}
	}
	for _, name := range []string{"request", "event", "account", "route", "status"} {
		if !seen[name] {
			t.Errorf("no line of the log says %s", name)
		}
	}
}
