package metrics

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table in docs/metrics.md anew")

// all are all metrics that a process may show.
func all() *Metrics {
	m := New("v1", nil)
	m.Watch(Process{})
	m.Read(Database{})
	return m
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile("../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestPageIsMadeFromTheCode: docs/metrics.md has each metric, and no other.
func TestPageIsMadeFromTheCode(t *testing.T) {
	t.Parallel()
	written := read(t, "docs/metrics.md")
	before, rest, begins := strings.Cut(written, "-update -->\n")
	_, after, ends := strings.Cut(rest, "<!-- end -->")
	if !begins || !ends {
		t.Fatal("the page has no place for the table")
	}
	made := before + "-update -->\n" + table() + "<!-- end -->" + after
	if *update {
		if err := os.WriteFile("../../docs/metrics.md", []byte(made), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if made != written {
		t.Error("docs/metrics.md is not as the code is: make golden")
	}
}

func table() string {
	var b strings.Builder
	b.WriteString("| metric | type | labels | what it says |\n|---|---|---|---|\n")
	for _, d := range all().Definitions() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.Name, d.Type, strings.Join(d.Labels, ", "), d.Help)
	}
	return b.String()
}

// TestNamesAreAsPrometheusHasThem (prometheus.io/docs/practices/naming).
func TestNamesAreAsPrometheusHasThem(t *testing.T) {
	t.Parallel()
	for _, d := range all().Definitions() {
		switch {
		case !strings.HasPrefix(d.Name, "connectd_"):
			t.Errorf("%s is not named for connectd", d.Name)
		case (d.Type == "counter") != strings.HasSuffix(d.Name, "_total"):
			t.Errorf("%s is a %s", d.Name, d.Type)
		case regexp.MustCompile(`_(ms|milliseconds|minutes|hours|percent|kb)(_|$)`).MatchString(d.Name):
			t.Errorf("%s is not in a base unit", d.Name)
		case !strings.HasSuffix(d.Help, "."):
			t.Errorf("%s: %q is no sentence", d.Name, d.Help)
		}
	}
}

// series are the names under which Prometheus has a metric.
func series() map[string]bool {
	known := map[string]bool{}
	for _, d := range all().Definitions() {
		if d.Type != "histogram" {
			known[d.Name] = true
			continue
		}
		for _, part := range []string{"_bucket", "_count", "_sum"} {
			known[d.Name+part] = true
		}
	}
	return known
}

var (
	named = regexp.MustCompile(`\bconnectd_[a-z0-9_]+`)
	alert = regexp.MustCompile(`(?m)^ +- alert: (\w+)$`)
)

// TestAlertsAndPanelsAskForWhatThereIs: one that asks for a metric that is no more never fires.
func TestAlertsAndPanelsAskForWhatThereIs(t *testing.T) {
	t.Parallel()
	known := series()
	for _, path := range []string{"deploy/prometheus/alerts.yaml", "deploy/prometheus/alerts_test.yaml", "deploy/grafana/connectd.json"} {
		found := named.FindAllString(read(t, path), -1)
		if len(found) < 10 {
			t.Errorf("%s asks for %d metrics", path, len(found))
		}
		for _, name := range found {
			if !known[name] {
				t.Errorf("%s asks for %s, which there is not", path, name)
			}
		}
	}
}

// TestEachPanelAsksForSomething, and the dashboard can be read.
func TestEachPanelAsksForSomething(t *testing.T) {
	t.Parallel()
	var dashboard struct {
		Title  string
		Panels []struct {
			Title, Type, Description string
			Targets                  []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "deploy/grafana/connectd.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		if p.Type == "row" {
			continue
		}
		if len(p.Targets) == 0 || p.Description == "" {
			t.Errorf("panel %q asks for nothing, or does not say what it shows", p.Title)
		}
		for _, target := range p.Targets {
			if open, closed := strings.Count(target.Expr, "("), strings.Count(target.Expr, ")"); open != closed || !strings.Contains(target.Expr, "{") {
				t.Errorf("panel %q: %s", p.Title, target.Expr)
			}
		}
	}
}

// TestEachAlertHasItsParagraph: who is woken is led to what to do.
func TestEachAlertHasItsParagraph(t *testing.T) {
	t.Parallel()
	rules, runbook := read(t, "deploy/prometheus/alerts.yaml"), read(t, "docs/operating.md")
	var alerts []string
	for _, found := range alert.FindAllStringSubmatch(rules, -1) {
		alerts = append(alerts, found[1])
		anchor := "docs/operating.md#" + strings.ToLower(found[1]) + "\n"
		if !strings.Contains(rules, anchor) {
			t.Errorf("%s leads to no paragraph of its name", found[1])
		}
	}
	_, paragraphs, found := strings.Cut(runbook, "\n## Alerts\n")
	if !found || len(alerts) < 10 {
		t.Fatalf("%d alerts, or no chapter about them", len(alerts))
	}
	var headings []string
	for section := range strings.SplitSeq(paragraphs, "\n### ") {
		heading, text, _ := strings.Cut(section, "\n")
		if !strings.HasPrefix(heading, "Connectd") {
			continue
		}
		headings = append(headings, heading)
		for _, part := range []string{"**Means**", "**Breaks**", "**Look at**", "**Do**"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s does not say: %s", heading, part)
			}
		}
	}
	if !slices.Equal(alerts, headings) {
		t.Errorf("the alerts are\n%v, the paragraphs\n%v", alerts, headings)
	}
}
