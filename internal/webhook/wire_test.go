package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"pgregory.net/rapid"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/scan"
	"github.com/connectd/connectd/internal/stripeapi"
	ours "github.com/connectd/connectd/internal/webhook"
	"github.com/connectd/connectd/sandboxtest"
)

// TestRowsEndAsTheSandboxWhateverTheWire lets accounts live random lives at the sandbox, by several workers at once: they
// change, are deauthorized and connected again, while their events reach two processes on one database late, twice, in
// another order or never, and retrievals read before a change and are answered after it. At the end each row holds what the
// sandbox holds, and each effect happened once. On the way no row says yes where it was told a later no.
func TestRowsEndAsTheSandboxWhateverTheWire(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	rapid.Check(t, w.live)
	w.holdTroubles()
}

// wire is what all histories share: the sandbox, two processes on one database, and what happens to events between them.
type wire struct {
	*receiver // the first process
	box       *sandboxtest.Sandbox
	processes []process
	courier   *courier
	histories int
	lived     map[string]int
}

// process is one that takes webhooks and makes retrievals.
type process struct {
	*registry.Registry
	handler http.Handler
	stripe  *stripeapi.Client
	checker *scan.Checker
}

func newWire(t *testing.T) *wire {
	w := &wire{
		receiver: &receiver{t: t, pool: postgrestest.Pool(t)}, box: sandboxtest.Start(t), courier: &courier{t: t}, lived: map[string]int{},
	}
	if err := registry.SeedPolicy(t.Context(), db.New(w.pool), account.DefaultPolicy(), time.Now()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w.processes = append(w.processes, w.startProcess())
	}
	w.registry = w.processes[0].Registry
	if err := w.registry.ClaimPlatform(t.Context(), registry.Platform{AccountID: w.box.Account}); err != nil {
		t.Fatal(err)
	}
	courier := httptest.NewServer(w.courier)
	t.Cleanup(courier.Close)
	w.box.Deliver(courier.URL, "*")
	w.control("faults", `[{"path":"/v1/accounts/*","hold_ms":15,"rate":0.5}]`)
	return w
}

func (w *wire) startProcess() process {
	logger := slog.New(slog.DiscardHandler)
	jobs, err := river.NewClient(riverpgxv5.New(w.pool), &river.Config{Logger: logger})
	if err != nil {
		w.t.Fatal(err)
	}
	reg, err := registry.New(w.t.Context(), w.pool, registry.Config{Tell: notify.Tell(jobs)})
	if err != nil {
		w.t.Fatal(err)
	}
	postgrestest.CloseAtEnd(w.t, reg)
	stripe, err := stripeapi.New(stripeapi.Config{
		SecretKey: stripeapi.Secret(w.box.Key), ClientID: w.box.ClientID,
		APIBase: w.box.URL, ConnectBase: w.box.URL, Logger: logger,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(stripe.Close)
	return process{
		Registry: reg, stripe: stripe, checker: scan.NewChecker(reg, stripe, time.Now, logger),
		handler: ours.New(ours.Config{Registry: reg, Secrets: []string{w.box.WebhookSecret}, Logger: logger}),
	}
}

// control asks the sandbox's own side for something, which it has to do.
func (w *wire) control(path, body string) {
	res, err := http.Post(w.box.URL+"/sandbox/"+path, "application/json", bytes.NewReader([]byte(body)))
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		w.t.Fatalf("%s %s: %s %s %v", path, body, res.Status, answer, err)
	}
}

// get asks the sandbox's own side what it holds.
func (w *wire) get(path string) []byte {
	res, err := http.Get(w.box.URL + "/sandbox/" + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %s %s %v", path, res.Status, answer, err)
	}
	return answer
}

// connect has the seller grant the account, and stores that, as the callback does.
func (p process) connect(ctx context.Context, seller, accountID string) error {
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.Get(p.stripe.AuthorizeURL("state", "http://localhost/callback") + "&account=" + accountID)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	back, err := res.Location()
	if err != nil {
		return err
	}
	grant, err := p.stripe.Exchange(ctx, back.Query().Get("code"))
	if err != nil {
		return err
	}
	_, err = p.Observe(ctx, []registry.Observation{
		registry.Granted(registry.Grant{SellerID: seller, AccountID: accountID, Interval: grant.Interval}),
	})
	return err
}

// troubles are all that the histories are there for.
var troubles = map[string]string{
	"older than what was known":        `select count(*) from stripe_events where why = 'older than what is known'`,
	"of the same moment":               `select count(*) from stripe_events where why = 'same moment'`,
	"after the end":                    `select count(*) from stripe_events where why = 'disconnected'`,
	"an end found by a retrieval":      `select count(*) from account_changes where source = 'recheck' and after->>'status' = 'disconnected'`,
	"a change found by a retrieval":    `select count(*) from account_changes where source = 'recheck' and before->>'status' <> 'incomplete'`,
	"a connection after an end":        `select count(*) from connections c where exists (select from connections e where e.account_id = c.account_id and e.disconnected_at <= c.connected_at)`,
	"a yes that an event made a no":    `select count(*) from account_changes where source = 'webhook' and (before->>'can_transact')::bool and not (after->>'can_transact')::bool`,
	"a yes that a retrieval made a no": `select count(*) from account_changes where source = 'recheck' and (before->>'can_transact')::bool and not (after->>'can_transact')::bool`,
}

const (
	checked = "a check that ended with an answer"
	toTell  = "a payout that failed"
)

// retrievals are those that the sandbox has answered.
func (w *wire) retrievals() (n int) {
	var stats struct {
		By []struct {
			Method, Path string
			Count        int
		}
	}
	if err := json.Unmarshal(w.get("stats"), &stats); err != nil {
		w.t.Fatal(err)
	}
	for _, s := range stats.By {
		if s.Method == http.MethodGet && s.Path == "/v1/accounts/{id}" {
			n += s.Count
		}
	}
	return n
}

// holdTroubles fails where the histories did not live through everything that they are there for.
func (w *wire) holdTroubles() {
	if w.t.Failed() {
		return
	}
	for what, sql := range troubles {
		w.lived[what] = w.count(sql)
	}
	for _, what := range []string{checked, toTell, "delivered twice", "delivered late", "overtaken", "dropped"} {
		w.lived[what] += 0
	}
	w.lived["a retrieval that raced"] = w.retrievals() - w.lived[checked] // each check ends with one that did not, or after three
	for what, times := range w.lived {
		w.t.Logf("%5d × %s", times, what)
		if times == 0 {
			w.t.Errorf("no history lived through: %s", what)
		}
	}
}
