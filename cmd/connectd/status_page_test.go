package main

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
	"github.com/jackc/pgx/v5"
)

// TestStatusPage answers in time, whoever does not, and says who that is.
func TestStatusPage(t *testing.T) {
	t.Parallel()
	_, ready := start(t, nil, demoArgs(t, "--sellers", "1")...)
	w := walk{t, walktest.Walk{Ready: ready}}
	b := walktest.NewVisitor(t)
	b.Form(ready.AdminURL, url.Values{"password": {ready.AdminPassword}})
	status := func() string {
		return strings.Join(strings.Fields(stripTags(strings.ReplaceAll(b.Page(ready.BaseURL+"/statusz"), "<td", " <td"))), " ")
	}

	w.Sandbox(t, "faults", `[{"path":"/v1/account","latency_ms":600000}]`)
	hanging := status()
	says(t, hanging, "database ok it answers", "They are being asked since", "have not answered yet", "checks ok", "reads ok")
	if strings.Contains(hanging, "All is well.") || strings.Contains(hanging, "key ok") {
		t.Errorf("while Stripe hangs:\n%s", hanging)
	}
	var answered string
	waittest.Within(t, 2*time.Minute, "Stripe's silence to be said", func() bool {
		answered = status()
		return strings.Contains(answered, "key wrong")
	})
	says(t, answered, "see that this machine reaches "+ready.SandboxURL, "asks for something", "OAuth ok Stripe takes the client id and the redirect URI", "events ok the last of Stripe's came at")

	before := w.asked(t)
	for range 5 {
		status()
	}
	b.Form(ready.BaseURL+"/statusz/ask", nil)
	if after := w.asked(t); after != before {
		t.Errorf("while nothing is old Stripe was asked %d times", after-before)
	}

	w.Database(t, func(ctx context.Context, conn *pgx.Conn) error {
		tx, err := conn.Begin(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback(ctx) //nolint:errcheck // the lock goes in any case
		if _, err := tx.Exec(ctx, "lock table accounts in access exclusive mode"); err != nil {
			return err
		}
		says(t, status(), "database wrong it has not answered within 3s", "key wrong")
		return nil
	})
	says(t, status(), "database ok it answers")
}

// asked counts what Stripe was asked about the platform itself.
func (w walk) asked(t *testing.T) int {
	t.Helper()
	return strings.Count(w.Page(t, w.SandboxURL+"/sandbox/requests"), `"/v1/account"`)
}
