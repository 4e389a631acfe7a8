package bench_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/bench"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

func config(accounts ...int) bench.Config {
	return bench.Config{
		Accounts: accounts, For: 20 * time.Millisecond, Version: "v0", Commit: "c0ffee", Logger: slog.New(slog.DiscardHandler),
	}
}

func TestEachFigureHasItsFloorAndRatio(t *testing.T) {
	t.Parallel()
	report, err := bench.Run(t.Context(), config(400))
	if err != nil {
		t.Fatal(err)
	}
	measured := map[string]int{}
	for _, l := range report.Lines {
		measured[l.Group]++
		if l.What == "the copy, a seller" && l.Value <= 0 {
			continue // 400 sellers take less memory than the rest of the process gains and loses meanwhile
		}
		if l.Accounts != 400 || l.What == "" || l.Unit == "" || l.Floor == "" || !(l.Value > 0) || !(l.FloorValue > 0) || !(l.Ratio > 0) {
			t.Errorf("%+v", l)
		}
		if (l.P50 > 0) != (l.FloorP99 > 0) || l.P50 > l.P99 || l.FloorP50 > l.FloorP99 {
			t.Errorf("times of %+v", l)
		}
	}
	for _, group := range bench.Groups() {
		if measured[group] == 0 {
			t.Errorf("nothing was measured of %s", group)
		}
	}
	if m := report.Machine; m.CPU == "" || m.Cores == 0 || m.Postgres == "" || report.Commit != "c0ffee" {
		t.Errorf("where it was measured: %+v", report)
	}
	holdWritten(t, report)
}

func holdWritten(t *testing.T, report bench.Report) {
	t.Helper()
	var table, object bytes.Buffer
	if err := report.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	if err := report.WriteJSON(&object); err != nil {
		t.Fatal(err)
	}
	var again bench.Report
	if err := json.Unmarshal(object.Bytes(), &again); err != nil || len(again.Lines) != len(report.Lines) {
		t.Errorf("%v: %s", err, object.Bytes())
	}
	for _, want := range []string{"RATIO", "a bare handler of the same bytes", "c0ffee", report.Machine.Postgres} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("%q is not in\n%s", want, table.String())
		}
	}
	t.Log(table.String())
}

func TestADatabaseThatHoldsSomethingIsRefused(t *testing.T) {
	t.Parallel()
	cfg := config(400)
	cfg.DatabaseURL = postgrestest.URL(t)
	if _, err := bench.Run(t.Context(), cfg); account.KindOf(err) != account.Conflict || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a migrated database: %v", err)
	}
}

func TestADatabaseThatMayForgetIsRefused(t *testing.T) {
	t.Parallel()
	cfg := config(400)
	cfg.DatabaseURL = postgrestest.EmptyURL(t)
	if _, err := bench.Run(t.Context(), cfg); account.KindOf(err) != account.Conflict || !strings.Contains(err.Error(), "fsync is off") {
		t.Errorf("a server without fsync: %v", err)
	}
}

func TestWhatCannotBeMeasuredIsRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*bench.Config){
		"no accounts":          func(c *bench.Config) { c.Accounts = nil },
		"few accounts":         func(c *bench.Config) { c.Accounts = []int{299} },
		"an unknown group":     func(c *bench.Config) { c.Only = []string{"latency"} },
		"no time":              func(c *bench.Config) { c.For = 0 },
		"one database for two": func(c *bench.Config) { c.Accounts, c.DatabaseURL = []int{400, 500}, "postgres://localhost/x" },
	} {
		cfg := config(400)
		spoil(&cfg)
		if _, err := bench.Run(t.Context(), cfg); account.KindOf(err) != account.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOnlyWhatIsAskedForIsMeasured(t *testing.T) {
	t.Parallel()
	cfg := config(300)
	cfg.Only = []string{"sizes"}
	report, err := bench.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range report.Lines {
		if l.Group != "sizes" {
			t.Errorf("%+v", l)
		}
	}
}
