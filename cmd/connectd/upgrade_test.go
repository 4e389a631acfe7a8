package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/processtest"
	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
	"github.com/connectd/connectd/migrations"
)

// TestTwoVersionsSideBySideLoseNothing replaces two processes by two of a newer version one by one, and these by the older again,
// while webhooks, questions and checks go on. The newer one has a migration more for each table, which adds a column to it.
func TestTwoVersionsSideBySideLoseNothing(t *testing.T) {
	t.Parallel()
	f := newTraffic(t)
	r := &rolling{traffic: f, older: os.Args[0], newer: buildNewer(t, ask[string](f.fleet, ownTables))}
	r.serve(r.older)
	r.serve(r.older)
	f.createKey(f.env())
	f.hear()
	end := f.begin()
	r.stage("two of the older version")
	for _, step := range []struct{ program, name string }{
		{r.newer, "the older beside the newer"},
		{r.newer, "two of the newer"},
		{r.older, "the newer beside the older, after a way back"},
		{r.older, "two of the older, on the newer's database"},
	} {
		r.replace(step.program)
		r.stage(step.name)
	}
	end()
	f.holdAll()
	if n := f.lost.Load(); n != 0 {
		t.Errorf("%d requests got no answer, or one that they were wrong", n)
	}
	t.Logf("%d requests were asked to come again", f.refused.Load()) // a slow machine's key memory is too old to let anybody in
	if n := ask[int](f.fleet, "select count(*) from pg_attribute where attname = 'added_later' and attrelid::regclass::text in ("+ownTables+")")[0]; n < 20 {
		t.Errorf("the newer version has changed %d tables", n)
	}
	for _, p := range r.all {
		if log := p.Log.String(); strings.Contains(log, "cached plan") {
			t.Errorf("the log says:\n%s", log)
		}
	}
}

const ownTables = `select tablename::text from pg_tables where schemaname = 'public' and tablename not like 'river%' and
	tablename not in ('goose_db_version', 'schema_compatibility')`

// rolling is two processes of which one is replaced after the other.
type rolling struct {
	*traffic
	older, newer string
	serving      []*process
	bases        []string
	all          []*process
}

func (r *rolling) serve(program string) {
	r.t.Helper()
	p, ready := processtest.Program{Path: program, Env: tested.Env}.Start(r.t, r.env("CONNECTD_SCAN_CRON=@every 1s", "CONNECTD_STRIPE_RATE=200"), "serve", "--addr", "127.0.0.1:0")
	r.serving, r.bases, r.all = append(r.serving, p), append(r.bases, ready.BaseURL), append(r.all, p)
	r.lead(r.bases...)
}

// replace starts one more process, and lets the one that has served the longest end.
func (r *rolling) replace(program string) {
	r.t.Helper()
	r.serve(program)
	former := r.serving[0]
	r.serving, r.bases = r.serving[1:], r.bases[1:]
	r.lead(r.bases...)
	former.Signal(r.t, syscall.SIGTERM)
	if former.Err != nil {
		r.t.Errorf("it ended with %v\n%s", former.Err, former.Log)
	}
}

// stage waits until each of the two has done its part.
func (r *rolling) stage(name string) {
	r.t.Helper()
	r.progress(20)
	for _, base := range r.bases {
		res := r.Do(r.t, http.MethodGet, base+"/readyz", "", "")
		if body := walktest.Read(r.t, res); res.StatusCode != http.StatusOK {
			r.t.Errorf("%s: %s is not ready: %s", name, base, body)
		}
	}
	r.t.Logf("%s: %d webhooks stored by one, %d by the other; %d answers and %d checks so far",
		name, r.storedBy(r.bases[0]).Load(), r.storedBy(r.bases[1]).Load(), r.reads.Load(), r.checks())
}

// buildNewer builds this connectd with a migration more for each table.
func buildNewer(t *testing.T, tables []string) (program string) {
	t.Helper()
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var last int
	if _, err := fmt.Sscanf(names[len(names)-1], "%05d", &last); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir, overlay := t.TempDir(), map[string]string{}
	for i, table := range tables {
		name := fmt.Sprintf("%05d_add_later_to_%s.sql", last+1+i, table)
		text := fmt.Sprintf("-- oldest: %d\n-- +goose Up\nalter table %s add column added_later text;\n-- +goose Down\nalter table %[2]s drop column added_later;\n", last, table)
		overlay[filepath.Join(root, "migrations", name)] = writeFile(t, filepath.Join(dir, name), []byte(text))
	}
	replace, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(dir, "newer")
	args := []string{"build", "-overlay", writeFile(t, filepath.Join(dir, "overlay.json"), replace), "-o", program}
	if isRaced() {
		args = append(args, "-race") // as what is tested, whose packages are built already
	}
	build := exec.CommandContext(t.Context(), "go", append(args, ".")...)
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the newer version: %v\n%s", err, said)
	}
	return program
}

func writeFile(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func isRaced() bool {
	info, _ := debug.ReadBuildInfo()
	for _, setting := range info.Settings {
		if setting.Key == "-race" {
			return setting.Value == "true"
		}
	}
	return false
}

// TestAProcessThatIsTooOldEnds, says why, and does not start again.
func TestAProcessThatIsTooOldEnds(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1)
	running := f.serve(20)
	f.exec("insert into schema_compatibility (version, oldest) values (99999, 99998)")
	f.exec("insert into goose_db_version (version_id, is_applied) values (99999, true)") // it was applied, not announced alone
	const says = "the database takes none from before 99998. Start the newer connectd"

	waittest.Within(t, time.Minute, "its end", func() bool {
		select {
		case <-running.Ended:
			return true
		default:
		}
		res, err := http.Get(running.ready.BaseURL + "/readyz")
		if err == nil {
			walktest.Read(t, res)
		}
		if err == nil && res.StatusCode == http.StatusOK {
			t.Error("it is ready")
		}
		return false
	})
	if log := running.Log.String(); running.Cmd.ProcessState.ExitCode() != 1 || !strings.Contains(log, says) {
		t.Errorf("it ended with %v\n%s", running.Err, log)
	}
	for _, command := range [][]string{{"serve", "--addr", "127.0.0.1:0"}, {"migrate", "up"}, {"accounts", "list"}, {"doctor"}} {
		out, words, code := connectd(t, f.env(), command...)
		if code != 1 || !strings.Contains(out+words, says) {
			t.Errorf("%v: code %d: %s%s", command, code, out, words)
		}
	}
}
