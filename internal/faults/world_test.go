//go:build faults

package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/processtest"
)

// world is all that there is: a Postgres, a sandbox in Stripe's place, two replicas, the links between them, and what stands before
// the replicas.
type world struct {
	t        *testing.T
	ctx      context.Context
	began    time.Time
	record   *Recorder
	database *database
	stripe   *stripe
	front    *front
	mail     *mailbox
	hooks    *link // from the sandbox to the front
	replicas []*replica
	key      string
	accounts *locks
}

// recheckEvery is how long an account in order goes without a check here; weeks elsewhere.
const recheckEvery = 20 * time.Second

func newWorld(t *testing.T, ctx context.Context, record *Recorder) *world { //nolint:revive // the test comes first in these
	t.Helper()
	w := &world{t: t, ctx: ctx, began: time.Now(), record: record, database: newDatabase(t), front: newFront(t), mail: newMailbox(t, record), accounts: &locks{}}
	w.hooks = newLink(t, "hooks", strings.TrimPrefix(w.front.url, "http://"))
	w.stripe = newStripe(t, record, "http://"+w.hooks.address()+"/api/connectWebhook")
	for _, name := range []string{"a", "b"} {
		w.replicas = append(w.replicas, w.newReplica(name))
	}
	for _, r := range w.replicas {
		if err := r.start(); err != nil {
			t.Fatal(err)
		}
	}
	w.createKey()
	return w
}

// createKey makes an API key of all scopes.
func (w *world) createKey() {
	w.t.Helper()
	args := []string{"keys", "create", "--name", "people"}
	for _, scope := range []string{"readiness:read", "accounts:read", "accounts:write", "accounts:force", "onboarding:write", "selling:write", "events:write"} {
		args = append(args, "--scope", scope)
	}
	key, words, code := connectd.Run(w.t, 2*time.Minute, []string{"DATABASE_URL=" + w.database.url.String()}, args...)
	if code != 0 {
		w.t.Fatal(words)
	}
	w.key = strings.TrimSpace(key)
}

// replica is one connectd serve, on links of its own. One fault at a time uses it.
type replica struct {
	w                *world
	name, base       string
	postgres, stripe *link
	process          *processtest.Process
}

func (w *world) newReplica(name string) *replica {
	port := freePort(w.t)
	r := &replica{
		w: w, name: name, base: fmt.Sprintf("http://127.0.0.1:%d", port),
		postgres: newLink(w.t, "postgres-"+name, w.database.url.Host),
		stripe:   newLink(w.t, "stripe-"+name, strings.TrimPrefix(w.stripe.gate.URL, "http://")),
	}
	w.front.add(r.base)
	return r
}

func (r *replica) env() []string {
	stripe := "http://" + r.stripe.address()
	return []string{
		"DATABASE_URL=" + r.w.database.by(r.postgres), "BASE_URL=" + r.w.front.url,
		"STRIPE_SECRET_KEY=" + r.w.stripe.ready.PlatformKey, "STRIPE_OAUTH_CLIENT_ID=" + r.w.stripe.ready.ClientID,
		"STRIPE_ENDPOINT_SECRET=" + r.w.stripe.ready.WebhookSecret, "STRIPE_API_BASE=" + stripe, "STRIPE_CONNECT_BASE=" + stripe,
		"CONNECTD_SCAN_CRON=@every 1s", "CONNECTD_RECHECK_EVERY=" + recheckEvery.String(), "CONNECTD_STRIPE_RATE=50",
		"CONNECTD_STRIPE_READ_ALLOCATION=1000000000", "CONNECTD_SCAN_BRAKE=1000000,100%", "CONNECTD_SMTP_URL=" + r.w.mail.url,
	}
}

// start launches it and waits until it is alive. One that ends by itself, since it can't reach Postgres or Stripe for too long, is
// launched again, as a service manager does.
func (r *replica) start() error {
	r.launch()
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); pause(r.w.ctx, 50*time.Millisecond) {
		select {
		case <-r.process.Ended:
			r.w.t.Logf("replica %s did not start: %v\n%s", r.name, r.process.Err, tail(r.process.Log.String()))
			pause(r.w.ctx, time.Second)
			r.launch()
		default:
		}
		if r.answers("/healthz") {
			return nil
		}
	}
	return fmt.Errorf("replica %s is not alive after three minutes\n%s", r.name, tail(r.process.Log.String()))
}

func (r *replica) launch() {
	r.process = connectd.Launch(r.w.t, r.env(), "serve", "--addr", strings.TrimPrefix(r.base, "http://"))
}

func (r *replica) answers(path string) bool {
	ctx, cancel := context.WithTimeout(r.w.ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+path, http.NoBody)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func (r *replica) end(sig syscall.Signal) error {
	if err := r.process.Cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("replica %s ended by itself: %w\n%s", r.name, err, tail(r.process.Log.String()))
	}
	select {
	case <-r.process.Ended:
		return nil
	case <-time.After(time.Minute):
		return fmt.Errorf("replica %s did not end within a minute of %v\n%s", r.name, sig, tail(r.process.Log.String()))
	}
}

func (r *replica) client() *client.Client { return client.New(r.base, r.w.key) }

func tail(text string) string { return text[max(0, len(text)-4000):] }

// freePort is a free port that stays free: no system takes one from this range by itself.
func freePort(t *testing.T) int {
	t.Helper()
	for {
		port := 20000 + rand.IntN(10000)
		var lc net.ListenConfig
		listener, err := lc.Listen(t.Context(), "tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = listener.Close()
			return port
		}
	}
}

// pause waits, or less where ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func artifact(t *testing.T) string { return filepath.Join(t.ArtifactDir(), "report.jsonl") }

func serve(t *testing.T, h http.Handler) *httptest.Server {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}
