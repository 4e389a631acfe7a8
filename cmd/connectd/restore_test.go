package main

import (
	"bytes"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/waittest"
)

// TestAnOldDumpIsCaughtUpWith: the database is restored from a dump while Stripe has gone on, with what connectd had done since
// and what it has missed since. Afterwards every account is as at Stripe, every replica has started over, and each paid Checkout of
// an account that is still connected is told.
func TestAnOldDumpIsCaughtUpWith(t *testing.T) {
	t.Parallel()
	const free = "CONNECTD_SCAN_BRAKE=1000000,100%"
	o := newOutage(t, 200)
	o.serve(500, free)
	o.allDue()
	o.finished()
	replicas := []*client.Replica{o.replica(), o.replica()}
	o.happen(outageSize{changes: 100, sales: 60})
	o.allTold()
	restore := o.dump(free)
	inDump := len(o.sales)

	o.happen(outageSize{changes: 400, ends: 20, sales: 150, busy: 120})
	o.allTold()
	since, ids := ask[int](o.fleet, `select position::int from feed`)[0], o.eventIDs()
	o.kill()
	o.happen(outageSize{changes: 400, ends: 20, sales: 150})

	restore()
	words := expect(t, 0, o.env(), "migrate", "restored")
	says(t, words, "their followers start over", "What has happened since")
	lost := since - ask[int](o.fleet, `select position::int from feed`)[0]
	gone, snapshots := o.balancer.gone.Load(), o.balancer.snapshots.Load()
	o.serve(500, free)
	o.caughtUp(1)
	o.passesEnd()
	o.wantAllAsAtStripe()
	o.wantEachSaleTold(0)
	o.wantIDs(ids)
	o.reported()
	for i, rep := range replicas {
		o.wantAsTheServer(i, rep)
	}
	again := o.balancer.snapshots.Load() - snapshots
	t.Logf("the restore took %d entries of the feed and %d sales; %d answers were 410, and %d replicas started over",
		lost, len(o.sales)-inDump, o.balancer.gone.Load()-gone, again)
	if lost <= 0 || again < int64(len(replicas)) {
		t.Error("nothing was lost, or not every replica started over")
	}
}

func (o *outage) replica() *client.Replica {
	o.t.Helper()
	rep, err := client.New(o.balancer.URL, o.key).Replica(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	return rep
}

// allTold waits until every sale so far is told by its webhook.
func (o *outage) allTold() {
	o.t.Helper()
	waittest.Until(o.t, "every sale to be told", func() bool {
		told, _ := o.tolds()
		return !slices.ContainsFunc(o.sales, func(s sale) bool { return told[s.session] == 0 && !o.ends[s.account] })
	})
}

// eventIDs are those of the events that tell of sales, by session.
func (o *outage) eventIDs() map[string]string {
	o.t.Helper()
	ids := map[string]string{}
	for _, pair := range ask[[]string](o.fleet, `select array[args->'data'->>'session_id', args->>'id'] from river_job where kind = 'event' and args->>'type' = $1`,
		notify.CheckoutPaid) {
		ids[pair[0]] = pair[1]
	}
	return ids
}

// wantIDs: what is told again is told by the id of the first time.
func (o *outage) wantIDs(before map[string]string) {
	o.t.Helper()
	same := 0
	for session, id := range o.eventIDs() {
		if was, told := before[session]; told && was != id {
			o.t.Errorf("sale %s was told as %s, and again as %s", session, was, id)
		} else if told && id != "" {
			same++
		}
	}
	o.t.Logf("%d of %d sales that were told before the restore have the same id after it", same, len(before))
	if same == 0 {
		o.t.Error("no sale was told again")
	}
}

// dump backs the database up while connectd works on it, as docs/operating.md says, and returns what restores it.
func (o *outage) dump(more ...string) (restore func()) {
	o.t.Helper()
	if _, err := exec.LookPath("pg_dump"); err != nil {
		return o.copyOf(more...)
	}
	file := filepath.Join(o.t.TempDir(), "connectd.dump")
	o.shell("pg_dump", "--format=custom", "--no-owner", "--file", file, o.fleet.url)
	return func() {
		name := o.emptied()
		o.admin(`create database ` + name)
		o.shell("pg_restore", "--no-owner", "--exit-on-error", "--dbname", o.fleet.url, file)
	}
}

// copyOf is for machines without Postgres's own tools. Nobody may work on what is copied.
func (o *outage) copyOf(more ...string) (restore func()) {
	o.t.Helper()
	o.kill()
	name := o.left()
	backup := pgx.Identifier{strings.Trim(name, `"`) + "_backup"}.Sanitize()
	o.admin(`create database ` + backup + ` template ` + name)
	o.serve(500, more...)
	return func() { o.admin(`alter database ` + backup + ` rename to ` + o.emptied()) }
}

// emptied drops the database.
func (o *outage) emptied() (name string) {
	o.t.Helper()
	name = o.left()
	o.admin(`drop database ` + name)
	return name
}

// left has nobody be on the database.
func (o *outage) left() (name string) {
	o.t.Helper()
	at, err := url.Parse(o.fleet.url)
	if err != nil {
		o.t.Fatal(err)
	}
	name = strings.TrimPrefix(at.Path, "/")
	o.pool.Reset()
	o.admin(`select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '` + name + `'`)
	return pgx.Identifier{name}.Sanitize()
}

func (o *outage) shell(name string, args ...string) {
	o.t.Helper()
	var words bytes.Buffer
	cmd := exec.CommandContext(o.t.Context(), name, args...)
	cmd.Stdout, cmd.Stderr = &words, &words
	if err := cmd.Run(); err != nil {
		o.t.Fatalf("%s: %v\n%s", name, err, &words)
	}
}

func (o *outage) passesEnd() {
	o.t.Helper()
	waittest.Until(o.t, "the passes' end", func() bool {
		return len(ask[string](o.fleet, `select id from scans where state in ('running', 'braked')`)) == 0
	})
}

// wantAsTheServer waits until the replica is at the feed's end, and holds it against the snapshot.
func (o *outage) wantAsTheServer(i int, rep *client.Replica) {
	o.t.Helper()
	var held, served []client.Readiness
	waittest.Until(o.t, "a replica at the feed's end", func() bool {
		before := ask[int64](o.fleet, `select position from feed`)[0]
		served = o.snapshotFrom(o.url, o.key)
		held = bySeller(slices.Collect(rep.All()))
		return rep.State().State == client.Following && rep.Position() == before && before == ask[int64](o.fleet, `select position from feed`)[0]
	})
	if diff := gocmp.Diff(bySeller(served), held); diff != "" {
		o.t.Errorf("replica %d (-server +replica):\n%s", i, diff)
	}
}
