package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/waittest"
)

// events replays what an older version could not read, or had no account for.
func (o operator) events(t *testing.T) {
	acct := *o.Readiness(t, "restricted_soon").AccountID
	db, err := pgx.Connect(t.Context(), o.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context()) //nolint:errcheck // the test ends
	payload := `{"id":"evt_unread","object":"event","type":"account.updated","account":"` + acct + `","created":4070908800,"livemode":false,
		"data":{"object":{"id":"` + acct + `","object":"account","charges_enabled":false}}}`
	_, err = db.Exec(t.Context(), `
		insert into stripe_events (id, type, account, created, received_at, outcome, why, payload) values
			('evt_unread', 'account.updated', $1, $2, $3, 'failed', 'no reader', $4),
			('evt_lost', 'account.updated', $1, $2, $3, 'failed', 'no object', null),
			('evt_other', 'price.created', $1, $2, $3, 'ignored', 'nothing is done for this type', null)`,
		acct, time.Unix(4070908800, 0), time.Now().Add(-time.Hour), payload)
	if err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "the deletion of old events", func() bool {
		var done bool
		sql := `select exists (select from river_job where kind = 'events.retention' and state = 'completed')`
		return db.QueryRow(t.Context(), sql).Scan(&done) == nil && done
	})
	o.listEvents(t, acct)
	o.replayEvents(t)
}

func (o operator) listEvents(t *testing.T, acct string) {
	table := expect(t, 0, o.database, "events", "list", "--account", acct, "--until", "59m")
	lines := strings.Split(strings.TrimSpace(table), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "EVENT") || !strings.HasPrefix(lines[1], "evt_unread") || !strings.Contains(lines[1], "no reader") {
		t.Errorf("the table:\n%s", table)
	}
	listed := strings.Split(strings.TrimSpace(expect(t, 0, o.database, "events", "list", "--outcome", "failed", "--limit", "1", "--json")), "\n")
	var e client.StripeEvent
	if err := json.Unmarshal([]byte(listed[0]), &e); err != nil || len(listed) != 1 || e.ID != "evt_unread" {
		t.Errorf("%v: the list as JSON: %q", err, listed)
	}
	if counted := expect(t, 0, o.database, "events", "list", "--by-type", "--outcome", "failed"); !strings.Contains(counted, "account.updated  failed   2\n") {
		t.Errorf("counted by type:\n%s", counted)
	}
	if shown := expect(t, 0, o.database, "events", "show", "evt_other"); !strings.Contains(shown, `"payload": null`) {
		t.Errorf("shown: %s", shown)
	}
	expect(t, 1, o.database, "events", "show", "evt_none")
	expect(t, 2, o.database, "events", "list", "--outcome", "raced")
	expect(t, 2, o.database, "events", "list", "--since", "yesterday")
}

func (o operator) replayEvents(t *testing.T) {
	expect(t, 2, o.database, "events", "replay")
	expect(t, 2, o.database, "events", "replay", "--outcome", "failed", "evt_unread")
	expect(t, 1, o.database, "events", "replay", "evt_none")
	if got := expect(t, 0, o.database, "events", "replay", "evt_other"); got != "evt_other  ignored  nothing is done for this type\n" {
		t.Errorf("an event by its id: %q", got)
	}
	if got := expect(t, 1, o.database, "events", "replay", "--outcome", "failed", "--since", "2h"); got != "1 applied, 1 left as failed, of which too little was kept\n" {
		t.Errorf("all that failed: %q", got)
	}
	if o.Readiness(t, "restricted_soon").CanTransact {
		t.Error("the event that could not be read was not applied")
	}
	if got := expect(t, 0, o.database, "events", "replay", "--outcome", "failed", "--until", "2h"); got != "no events\n" {
		t.Errorf("those of before: %q", got)
	}
}
