package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
)

// changesAPhase is how many changes each of the test's phases has at least; CONNECTD_TEST_SCALE multiplies it.
const changesAPhase = 400

// world is two connectd serve behind a load balancer, with a database and a sandbox, and replicas that follow them.
type world struct {
	*fleet
	seed     uint64
	balancer *balancer
	secret   string // of the webhook endpoint
	key      string
	dir      string
	serving  [2]*process
	urls     [2]string
	standing sync.RWMutex // held by those who make changes
	counts   *happenings
	refused  atomic.Int64
	entries  int64 // of the feed, that were restored away
	replicas []*held
}

// TestReplicasEqualTheServerAfterHours of changes of every kind, while servers are replaced and killed, the feed forgets, and
// the database is restored from a backup: each replica holds what the snapshot says, entry for entry, and so does who has
// followed its OnChange.
func TestReplicasEqualTheServerAfterHours(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phase := changesAPhase * scale(t)
	w.follow("first")
	kept := w.follow("with a file", client.SnapshotFile(filepath.Join(w.dir, "replica")))
	stop := w.changeAll(4)

	w.reach(phase)
	for i := range w.serving {
		w.restart(i, syscall.SIGTERM)
	}
	w.follow("late")
	w.reach(phase)
	w.restart(0, syscall.SIGKILL)
	w.applyPolicy(false)
	backup := w.backUp()
	w.reach(phase)
	w.restart(1, syscall.SIGKILL)
	w.leave(kept)
	w.reach(phase / 2)
	w.forget()
	w.follow("from a file that is too old", client.SnapshotFile(filepath.Join(w.dir, "replica")))
	w.reach(phase)
	w.restore(backup)
	w.applyPolicy(true)
	w.reach(phase)
	w.restart(0, syscall.SIGTERM)
	stop()
	w.settle()
	w.report()
}

func scale(t *testing.T) int {
	n := 1
	if text := os.Getenv("CONNECTD_TEST_SCALE"); text != "" {
		if _, err := fmt.Sscan(text, &n); err != nil {
			t.Fatalf("CONNECTD_TEST_SCALE: %v", err)
		}
	}
	return n
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{fleet: newFleet(t, 400), seed: uint64(time.Now().UnixNano()), balancer: newBalancer(t), dir: t.TempDir(), counts: &happenings{of: map[string]int{}}}
	w.key = strings.TrimSpace(expect(t, 0, w.env(), "keys", "create", "--name", "replicas", "--scope", "readiness:read",
		"--scope", "accounts:write", "--scope", "accounts:force", "--scope", "onboarding:write"))
	w.register()
	w.serve(0)
	w.serve(1)
	return w
}

// register has the sandbox send its webhooks through the balancer.
func (w *world) register() {
	w.t.Helper()
	var endpoint struct{ Secret string }
	form := url.Values{"url": {w.balancer.URL + "/api/connectWebhook"}, "connect": {"true"}, "enabled_events[]": {"*"}}
	w.postForm(w.SandboxURL+"/v1/webhook_endpoints", w.PlatformKey, form, &endpoint)
	w.secret = endpoint.Secret
}

func (w *world) serve(i int) {
	w.t.Helper()
	p, ready := start(w.t, w.env(
		"STRIPE_ENDPOINT_SECRET="+w.secret, "CONNECTD_SCAN_CRON=@every 1s", "CONNECTD_SCAN_BRAKE=1000000,100%",
		"CONNECTD_RETURN_ORIGINS=https://shop.test", "CONNECTD_STRIPE_RATE=200"), "serve", "--addr", "127.0.0.1:0")
	w.serving[i], w.urls[i] = p, ready.BaseURL
	w.balancer.set(w.t, slices.DeleteFunc(slices.Clone(w.urls[:]), func(at string) bool { return at == "" })...)
}

func (w *world) restart(i int, how syscall.Signal) {
	w.t.Helper()
	w.serving[i].Signal(w.t, how)
	if how == syscall.SIGTERM && w.serving[i].Err != nil {
		w.t.Errorf("it ended with %v after SIGTERM\n%s", w.serving[i].Err, w.serving[i].Log)
	}
	w.serve(i)
	w.counts.add("restart by " + how.String())
}

// changeAll lets n change the accounts, until stop is called.
func (w *world) changeAll(n int) (stop func()) {
	w.t.Helper()
	ctx, end := context.WithCancel(w.t.Context())
	var changers sync.WaitGroup
	for i, ids := range slices.Collect(slices.Chunk(w.ids, len(w.ids)/n)) {
		c := w.newChanger(i, ids)
		changers.Go(func() {
			if err := c.run(ctx, w.counts); err != nil {
				w.t.Error(err)
			}
		})
	}
	stop = sync.OnceFunc(func() { end(); changers.Wait() })
	w.t.Cleanup(stop)
	return stop
}

// reach waits for so many more changes.
func (w *world) reach(more int) {
	w.t.Helper()
	until := w.counts.total.Load() + int64(more)
	waittest.Within(w.t, 5*time.Minute, "changes", func() bool { return w.counts.total.Load() >= until || w.t.Failed() })
}

func (w *world) applyPolicy(requirePayouts bool) {
	w.t.Helper()
	file := filepath.Join(w.dir, "policy.json")
	policy := fmt.Sprintf(`{"countries":[],"currencies":[],"require_payouts":%t,"required_capabilities":["card_payments"],"deny_when_stale":false}`, requirePayouts)
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		w.t.Fatal(err)
	}
	expect(w.t, 0, w.env(), "policy", "apply", "--yes", file)
	w.counts.add("policy")
}

// forget deletes the feed's entries, as after a week.
func (w *world) forget() {
	w.t.Helper()
	w.exec(`delete from feed_entries where position < (select position from feed)`)
	w.counts.add("entries were forgotten")
}

// backUp copies the database while nobody works on it.
func (w *world) backUp() (backup string) {
	w.t.Helper()
	w.still(func(database string) {
		backup = database + "_backup"
		w.admin(`create database ` + pgx.Identifier{backup}.Sanitize() + ` template ` + pgx.Identifier{database}.Sanitize())
	})
	return backup
}

// restore puts the backup in the database's place.
func (w *world) restore(backup string) {
	w.t.Helper()
	w.entries = ask[int64](w.fleet, `select position from feed`)[0]
	w.still(func(database string) {
		w.admin(`drop database ` + pgx.Identifier{database}.Sanitize())
		w.admin(`alter database ` + pgx.Identifier{backup}.Sanitize() + ` rename to ` + pgx.Identifier{database}.Sanitize())
		expect(w.t, 0, w.env(), "migrate", "restored")
	})
	w.entries -= ask[int64](w.fleet, `select position from feed`)[0]
	w.counts.add("restore")
}

// still stops the servers, and starts them again when what was done to the database is done.
func (w *world) still(do func(database string)) {
	w.t.Helper()
	w.standing.Lock()
	defer w.standing.Unlock()
	for _, p := range w.serving {
		p.Signal(w.t, syscall.SIGTERM)
	}
	at, err := url.Parse(w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	database := strings.TrimPrefix(at.Path, "/")
	w.pool.Reset()
	w.admin(`select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '` + database + `'`)
	do(database)
	for i := range w.serving {
		w.serve(i)
	}
	w.counts.add("restart of all")
}

// admin asks the server, on another database.
func (f *fleet) admin(sql string) {
	f.t.Helper()
	at, err := url.Parse(f.url)
	if err != nil {
		f.t.Fatal(err)
	}
	at.Path = "/postgres"
	conn, err := pgx.Connect(f.t.Context(), at.String())
	if err != nil {
		f.t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // only asked
	if _, err := conn.Exec(f.t.Context(), sql); err != nil {
		f.t.Fatalf("%s: %v", sql, err)
	}
}

// held is a replica, and what its OnChange told.
type held struct {
	*client.Replica
	t    *testing.T
	name string
	end  func() // stops it, and waits for its file

	mu    sync.Mutex
	told  map[string]client.Readiness // the last of each seller
	first map[string]client.Readiness // what it held at its start
}

func (w *world) follow(name string, options ...client.ReplicaOption) *held {
	w.t.Helper()
	h := &held{t: w.t, name: name, told: map[string]client.Readiness{}, first: map[string]client.Readiness{}}
	ctx, stop := context.WithCancel(w.t.Context())
	rep, err := client.New(w.balancer.URL, w.key).Replica(ctx, append(options, client.OnChange(h.hear))...)
	if err != nil {
		stop()
		w.t.Fatal(err)
	}
	h.Replica, h.end = rep, sync.OnceFunc(func() { stop(); <-rep.Done() })
	w.t.Cleanup(h.end)
	for r := range rep.All() {
		h.first[r.SellerID] = timeless(r)
	}
	w.replicas = append(w.replicas, h)
	return h
}

// leave ends a replica.
func (w *world) leave(h *held) {
	h.end()
	w.replicas = slices.DeleteFunc(w.replicas, func(other *held) bool { return other == h })
}

// hear holds that each change begins where the one before it has ended.
func (h *held) hear(before, after client.Readiness) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if last, ok := h.told[before.SellerID]; ok {
		if diff := gocmp.Diff(last, timeless(before)); diff != "" {
			h.t.Errorf("%s: a change of %s does not begin where the last one ended:\n%s", h.name, before.SellerID, diff)
		}
	}
	h.told[after.SellerID] = timeless(after)
}

// timeless leaves out what changes without being a change.
func timeless(r client.Readiness) client.Readiness {
	r.AsOf, r.CheckedAt = nil, nil
	return r
}

// heard is what one knows who held what the replica did at its start, and has followed its OnChange.
func (h *held) heard() []client.Readiness {
	h.mu.Lock()
	defer h.mu.Unlock()
	known := map[string]client.Readiness{}
	for _, from := range []map[string]client.Readiness{h.first, h.told} {
		for id, r := range from {
			known[id] = r
		}
	}
	var all []client.Readiness
	for _, r := range known {
		if r.Version > 0 { // it was restored away otherwise
			all = append(all, r)
		}
	}
	return bySeller(all)
}

func bySeller(all []client.Readiness) []client.Readiness {
	slices.SortFunc(all, func(a, b client.Readiness) int { return cmp.Compare(a.SellerID, b.SellerID) })
	return all
}

// settle waits until the feed stands still and every replica has come to its end, and holds them against the snapshot.
func (w *world) settle() {
	w.t.Helper()
	var server []client.Readiness
	var found []knowledge
	waittest.Within(w.t, time.Minute, "all replicas at the feed's end", func() (still bool) {
		server, found, still = w.lookAtAll()
		return still
	})
	var timelessly []client.Readiness
	for _, r := range server {
		timelessly = append(timelessly, timeless(r))
	}
	for _, k := range found {
		if diff := gocmp.Diff(server, k.held); diff != "" {
			w.t.Errorf("%s (-server +replica):\n%s", k.name, diff)
		}
		if diff := gocmp.Diff(timelessly, k.heard); diff != "" {
			w.t.Errorf("%s (-server +what OnChange told):\n%s", k.name, diff)
		}
	}
	w.t.Logf("%d sellers, %d replicas", len(server), len(found))
}

// knowledge is what a replica held, and what its OnChange had told, at one moment.
type knowledge struct {
	name        string
	held, heard []client.Readiness
}

// lookAtAll is true where nothing happened meanwhile, and no replica had anything left to take or to tell.
func (w *world) lookAtAll() (server []client.Readiness, found []knowledge, still bool) {
	before := ask[int64](w.fleet, `select position from feed`)[0]
	server = w.snapshotNow()
	for _, h := range w.replicas {
		if !h.settled(before) {
			return nil, nil, false
		}
		found = append(found, knowledge{h.name, bySeller(slices.Collect(h.All())), h.heard()})
	}
	return server, found, before == ask[int64](w.fleet, `select position from feed`)[0]
}

// settled tells whether the replica has come so far, and has told of it: whoever starts over tells afterwards.
func (h *held) settled(position int64) bool {
	if h.Position() != position || h.State().State != client.Following {
		return false
	}
	held := slices.Collect(h.All())
	for i := range held {
		held[i] = timeless(held[i])
	}
	return gocmp.Equal(bySeller(held), h.heard())
}

// snapshotNow reads every page, of one server.
func (w *world) snapshotNow() (all []client.Readiness) {
	w.t.Helper()
	return w.snapshotFrom(w.urls[0], w.key)
}

func (f *fleet) snapshotFrom(baseURL, key string) (all []client.Readiness) {
	f.t.Helper()
	from := walk{f.t, walktest.Walk{Ready: f.Ready}}
	from.BaseURL, from.APIKey = baseURL, key
	for query := "?limit=50"; ; {
		var page client.SnapshotPage
		from.API(f.t, http.MethodGet, "/v1/readiness"+query, "", http.StatusOK, &page)
		all = append(all, page.Data...)
		if page.NextCursor == nil {
			return all
		}
		query = "?limit=50&cursor=" + url.QueryEscape(*page.NextCursor)
	}
}

// report holds that everything has happened that is to be survived.
func (w *world) report() {
	w.t.Helper()
	happened := map[string]int{
		"answers 410": int(w.balancer.gone.Load()), "snapshots read again": int(w.balancer.snapshots.Load()) - 3, // of those who began with one
		"entries of the feed": int(w.entries + ask[int64](w.fleet, `select position from feed`)[0]),
	}
	for _, change := range changes {
		happened[change.name] = 0
	}
	for _, source := range []string{"oauth", "webhook", "scan", "recheck", "policy", "person"} {
		happened["changes by "+source] = ask[int](w.fleet, `select count(*) from account_changes where source = $1`, source)[0]
	}
	for name, n := range w.counts.of {
		happened[name] += n
	}
	for name, n := range happened {
		if n <= 0 {
			w.t.Errorf("%s: none", name)
		}
	}
	w.t.Logf("what happened: %v; %d answers were refusals", happened, w.refused.Load())
}
