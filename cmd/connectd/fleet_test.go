package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
)

// fleet is one database and one sandbox, with connected accounts that nobody has checked and that are not due, for any number
// of processes to work on.
type fleet struct {
	walk
	url  string
	pool *pgxpool.Pool
	ids  []string
}

func newFleet(t *testing.T, accounts int) *fleet {
	t.Helper()
	f := newStrangers(t, accounts)
	f.connectAll(accounts)
	return f
}

// newStrangers is a fleet whose accounts are not known here.
func newStrangers(t *testing.T, accounts int) *fleet {
	t.Helper()
	_, box := start(t, nil, "sandbox", "--addr", "127.0.0.1:0")
	f := &fleet{walk: walk{t, walktest.Walk{Ready: box}}, url: postgrestest.URL(t)}
	pool, err := pgxpool.New(t.Context(), f.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	f.pool = pool
	f.Sandbox(t, "accounts", fmt.Sprintf(`{"persona":"complete","count":%d}`, accounts))
	return f
}

// connectAll connects each account of the sandbox's.
func (f *fleet) connectAll(n int) {
	f.t.Helper()
	api, err := stripeapi.New(stripeapi.Config{
		SecretKey: stripeapi.Secret(f.PlatformKey), APIBase: f.SandboxURL, ConnectBase: f.SandboxURL,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	defer api.Close()
	reg := f.registry(api)
	f.listAll(api, n)
	var grants []registry.Observation
	for i, id := range f.ids {
		grants = append(grants, registry.Granted(registry.Grant{
			SellerID: fmt.Sprintf("s%d", i), AccountID: id, Interval: account.At(time.Now()),
		}))
	}
	if _, err := reg.Observe(f.t.Context(), grants); err != nil {
		f.t.Fatal(err)
	}
	f.exec(`update accounts set claimed_until = null, next_check_at = now() + interval '20 days'`)
}

// listAll reads the ids of the sandbox's accounts, in the order of its list.
func (f *fleet) listAll(api *stripeapi.Client, n int) {
	f.t.Helper()
	for after := ""; len(f.ids) < n; {
		page, err := api.Accounts(f.t.Context(), after, 100)
		if err != nil {
			f.t.Fatal(err)
		}
		for _, a := range page.Accounts {
			f.ids = append(f.ids, a.AccountID)
		}
		after = page.Next
	}
}

// prepare makes a database of the fleet's platform, with a policy, and reads the ids of the sandbox's accounts.
func (f *fleet) prepare(n int) {
	f.t.Helper()
	api, err := stripeapi.New(stripeapi.Config{
		SecretKey: stripeapi.Secret(f.PlatformKey), APIBase: f.SandboxURL, ConnectBase: f.SandboxURL,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	defer api.Close()
	f.registry(api)
	f.listAll(api, n)
}

// registry opens the registry on the database, which it makes the sandbox's platform's.
func (f *fleet) registry(api *stripeapi.Client) *registry.Registry {
	f.t.Helper()
	if err := registry.SeedPolicy(f.t.Context(), db.New(f.pool), account.DefaultPolicy(), time.Now()); err != nil {
		f.t.Fatal(err)
	}
	reg, err := registry.New(f.t.Context(), f.pool, registry.Config{})
	if err != nil {
		f.t.Fatal(err)
	}
	postgrestest.CloseAtEnd(f.t, reg)
	platform, err := api.Platform(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	if err := reg.ClaimPlatform(f.t.Context(), registry.Platform{AccountID: platform.AccountID, Livemode: platform.Livemode}); err != nil {
		f.t.Fatal(err)
	}
	return reg
}

func (f *fleet) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.pool.Exec(f.t.Context(), sql, args...); err != nil {
		f.t.Fatal(err)
	}
}

// ask reads rows of one column.
func ask[T any](f *fleet, sql string, args ...any) []T {
	f.t.Helper()
	rows, err := f.pool.Query(f.t.Context(), sql, args...)
	if err != nil {
		f.t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		f.t.Fatal(err)
	}
	return found
}

// sandboxJSON reads what the sandbox tells of itself.
func (f *fleet) sandboxJSON(path string, into any) {
	f.t.Helper()
	res := f.Do(f.t, http.MethodGet, f.SandboxURL+"/sandbox/"+path, "", "")
	if err := json.Unmarshal([]byte(walktest.Read(f.t, res)), into); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleet) allDue() { f.exec(`update accounts set next_check_at = now() - interval '1 minute'`) }

func (f *fleet) checked() int {
	f.t.Helper()
	return ask[int](f, `select count(*) from accounts where checked_at is not null`)[0]
}

// finished waits for the end of all passes with every account checked.
func (f *fleet) finished() {
	f.t.Helper()
	waittest.Within(f.t, 3*time.Minute, "every account's check", func() bool { return f.checked() == len(f.ids) })
	waittest.Within(f.t, time.Minute, "the pass's end", func() bool {
		return len(ask[string](f, `select id from scans where state in ('running', 'braked')`)) == 0
	})
}

// env is what a command needs to work on the fleet's database and sandbox.
func (f *fleet) env(more ...string) []string {
	return append([]string{
		"DATABASE_URL=" + f.url, "STRIPE_SECRET_KEY=" + f.PlatformKey, "STRIPE_OAUTH_CLIENT_ID=" + f.ClientID,
		"STRIPE_ENDPOINT_SECRET=whsec_fleet", "CONNECTD_ADMIN_PASSWORD=fleet",
		"STRIPE_API_BASE=" + f.SandboxURL, "STRIPE_CONNECT_BASE=" + f.SandboxURL,
	}, more...)
}

// replica is one connectd serve. What it asks of Stripe goes through a gate of its own, where the test sees it.
type replica struct {
	*process
	ready app.Ready

	mu       sync.Mutex
	asked    map[string]int // retrievals, by account
	answered map[string]int
}

func (f *fleet) serve(rate int) *replica {
	f.t.Helper()
	r := &replica{asked: map[string]int{}, answered: map[string]int{}}
	gate := httptest.NewServer(r.gate(f.t, f.SandboxURL))
	f.t.Cleanup(gate.Close)
	r.process, r.ready = start(f.t, f.env("STRIPE_API_BASE="+gate.URL, "CONNECTD_SCAN_CRON=@every 1s", fmt.Sprintf("CONNECTD_STRIPE_RATE=%d", rate)),
		"serve", "--addr", "127.0.0.1:0")
	return r
}

func (f *fleet) serves(n, rate int) []*replica {
	f.t.Helper()
	replicas := make([]*replica, n)
	for i := range replicas {
		replicas[i] = f.serve(rate)
	}
	return replicas
}

func (r *replica) gate(t *testing.T, sandboxURL string) http.Handler {
	t.Helper()
	at, err := url.Parse(sandboxURL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(at)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) } // the replica has gone
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		id, retrieves := strings.CutPrefix(req.URL.Path, "/v1/accounts/")
		if !retrieves {
			proxy.ServeHTTP(w, req)
			return
		}
		r.count(r.asked, id)
		proxy.ServeHTTP(w, req)
		r.count(r.answered, id)
	})
}

func (r *replica) count(counts map[string]int, id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts[id]++
}

func (r *replica) timesAsked(id string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked[id]
}

// inFlight is how many retrievals are unanswered.
func (r *replica) inFlight() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, times := range r.asked {
		n += times - r.answered[id]
	}
	return n
}
