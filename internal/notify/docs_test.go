package notify_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/registry"
)

var update = flag.Bool("update", false, "write the examples in docs/events.md anew")

const page = "../../docs/events.md"

// TestExamplesOnThePageAreWhatIsSent: each event on the page is one that was sent to a receiver.
func TestExamplesOnThePageAreWhatIsSent(t *testing.T) {
	t.Parallel()
	written, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	made := string(written)
	examples := examplesOf(t)
	for _, name := range append(notify.Types(), notify.Test) {
		if examples[name] == "" {
			t.Errorf("no %s was sent", name)
		}
		made = replacePart(t, made, name, "\n```json example\n"+examples[name]+"```\n\n")
	}
	if *update {
		if err := os.WriteFile(page, []byte(made), 0o644); err != nil { //nolint:gosec // it is there to be read
			t.Fatal(err)
		}
		return
	}
	if made != string(written) {
		t.Error("docs/events.md does not show what is sent: make golden")
	}
}

func replacePart(t *testing.T, page, name, content string) string {
	t.Helper()
	before, rest, begins := strings.Cut(page, "<!-- "+name+":")
	head, rest, closes := strings.Cut(rest, "-->\n")
	_, after, ends := strings.Cut(rest, "<!-- end -->")
	if !begins || !closes || !ends {
		t.Fatalf("the page has no part %q", name)
	}
	return before + "<!-- " + name + ":" + head + "-->\n" + content + "<!-- end -->" + after
}

// examplesOf are bodies as a receiver got them, the first of each type.
func examplesOf(t *testing.T) map[string]string {
	t.Helper()
	s := newStage(t)
	s.clock.set(time.Date(2026, 11, 27, 9, 30, 0, 0, time.UTC))
	s.work(notify.SenderConfig{})
	r := newReceiver(t)
	r.skipTime()
	e := s.listen(r)
	s.connect("shop-42", "acct_1Q9YzKLmN4pRsTuV")
	s.report("acct_1Q9YzKLmN4pRsTuV", working())
	s.follow()
	r.await(2)
	s.report("acct_1Q9YzKLmN4pRsTuV", chargesOff())
	s.report("acct_1Q9YzKLmN4pRsTuV", due(time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC), "external_account"))
	s.notice("po_1", notify.PayoutFailed, client.Readiness{})
	s.notice("cs_1", notify.CheckoutPaid, client.PaidCheckout{
		SessionID: "cs_test_Rs7TuVwXyZaBcD", AmountTotal: new(int64(4800)), Currency: "eur", ApplicationFeeAmount: new(int64(480)),
		Metadata: map[string]string{"userId": "shop-42", "order": "order-7"}, ClientReferenceID: new("order-7"),
	})
	s.finishScan()
	s.deauthorize("acct_1Q9YzKLmN4pRsTuV")
	if _, err := s.endpoints.Send(t.Context(), e.ID, by); err != nil {
		t.Fatal(err)
	}
	s.follow()
	examples := map[string]string{}
	for _, event := range r.await(10) {
		if event.Type == notify.SellerReadinessChanged && sellerEvent(t, event.Event).Status != string(account.Restricted) {
			continue // the other changes
		}
		examples[event.Type] = steady(t, event.body)
	}
	return examples
}

// notice has something told that is no change.
func (s *stage) notice(id, typ string, data any) {
	s.t.Helper()
	encoded, err := json.Marshal(data)
	if err != nil {
		s.t.Fatal(err)
	}
	s.observe(registry.Noted(s.event("acct_1Q9YzKLmN4pRsTuV")).Telling(registry.Notice{Type: typ, ID: id, Data: encoded}))
}

func (s *stage) finishScan() {
	s.t.Helper()
	began := time.Date(2026, 11, 27, 9, 20, 0, 0, time.UTC)
	report := client.Scan{
		ID: "scan_4b5a69780f1e2d3c", State: "finished", StartedBy: "schedule", StartedAt: began, FinishedAt: new(began.Add(10 * time.Minute)),
		Method: "retrieve", Due: 512, Checked: 512, Changed: 1, NewlyUnable: 1, StripeCalls: 513, Rate: 20,
		ChangedAccounts:  []client.ScannedAccount{{AccountID: "acct_1QaBcDeFgHiJkLmN", SellerID: "shop-7", From: string(account.Enabled), To: string(account.Restricted)}},
		HeldBackAccounts: []client.ScannedAccount{},
	}
	err := pgx.BeginFunc(s.t.Context(), s.pool, func(tx pgx.Tx) error { return notify.TellScan(s.jobs)(s.t.Context(), tx, report) })
	if err != nil {
		s.t.Fatal(err)
	}
}

var (
	moment     = regexp.MustCompile(`2026-11-27T09:3\d:\d\d(\.\d+)?Z`)
	endpointID = regexp.MustCompile(`ep_\w+`)
	fewStrings = regexp.MustCompile(`\[\s+("[^"]*")\s+\]`)
)

// steady is a body to be read, without what differs from run to run.
func steady(t *testing.T, body []byte) string {
	t.Helper()
	var text bytes.Buffer
	if err := json.Indent(&text, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	plain := moment.ReplaceAllString(text.String(), "2026-11-27T09:30:00Z")
	plain = endpointID.ReplaceAllString(plain, "ep_0645a3f0c1d2e8k3m5n7p9r2t")
	return fewStrings.ReplaceAllString(plain, "[$1]") + "\n"
}
