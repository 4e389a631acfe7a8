package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/waittest"
)

// scanned runs connectd scan, wants the exit code, and returns the report that it printed and its words.
func (f *fleet) scanned(code int, args ...string) (report client.Scan, words string) {
	f.t.Helper()
	stdout, stderr, got := connectd(f.t, f.env("CONNECTD_STRIPE_RATE=500"), append([]string{"scan"}, args...)...)
	if got != code {
		f.t.Fatalf("connectd scan %s ended with %d, want %d:\n%s%s", strings.Join(args, " "), got, code, stdout, stderr)
	}
	if stdout != "" {
		if err := json.Unmarshal([]byte(stdout), &report); err != nil {
			f.t.Fatalf("%v: %s", err, stdout)
		}
	}
	return report, stderr
}

// says holds that words were written.
func says(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, want := range words {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said:\n%s", want, text)
		}
	}
}

// TestScanFromTheShell lives through what an operator meets, one after another.
func TestScanFromTheShell(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 30)
	f.exec(`update accounts set next_check_at = now() where id = any($1)`, f.ids[:10])

	report, words := f.scanned(0, "--wait")
	if report.State != "finished" || report.Checked != 10 || report.StartedBy != "cli" {
		t.Errorf("scan --wait: %+v", report)
	}
	says(t, words, "finished: 10 of 10 accounts")
	if strings.ContainsAny(words, "\r\x1b") {
		t.Errorf("a bar where there is no terminal: %q", words)
	}
	if report, _ = f.scanned(0, "--wait"); report.State != "finished" || report.Checked != 0 {
		t.Errorf("with nothing due: %+v", report)
	}
	if report, _ = f.scanned(0, "--all", "--wait"); report.Checked != 30 {
		t.Errorf("scan --all: %+v", report)
	}

	f.Sandbox(t, "faults", `[{"path":"/v1/accounts/`+f.ids[0]+`","status":500}]`)
	report, words = f.scanned(1, "--all", "--wait")
	says(t, words, "1 checks failed")
	if report.Failed != 1 || report.Checked != 29 {
		t.Errorf("with an account that fails: %+v", report)
	}
	f.Sandbox(t, "faults", `[{"status":401}]`)
	_, words = f.scanned(1, "--all", "--wait")
	says(t, words, "STRIPE_SECRET_KEY")
	f.Sandbox(t, "faults", `[]`)

	f.brakeAndResume(t)
}

// brakeAndResume: what the brake held back is applied by whoever works on the pass once it is resumed.
func (f *fleet) brakeAndResume(t *testing.T) {
	t.Helper()
	for _, id := range f.ids[:25] {
		f.Sandbox(t, "accounts/"+id+"?silent=1", `{"charges_enabled":false}`)
	}
	report, words := f.scanned(1, "--all", "--wait")
	says(t, words, "holds 5 accounts back", "connectd scan resume "+report.ID)
	if report.State != "braked" || report.NewlyUnable != 20 || len(report.HeldBackAccounts) != 5 {
		t.Errorf("a pass that says no to 25: %+v", report)
	}
	_, words = f.scanned(1, "resume", "scan_none")
	says(t, words, `There is no scan "scan_none"`)
	_, words = f.scanned(1)
	says(t, words, "A scan is open already")
	if resumed, _ := f.scanned(0, "resume"); resumed.ID != report.ID || resumed.State != "running" {
		t.Errorf("resumed: %+v", resumed)
	}
	_, words = f.scanned(1, "resume", report.ID)
	says(t, words, "is running, not braked")
	_, words = f.scanned(1, "resume")
	says(t, words, "No scan is braked")
	f.serve(100)
	waittest.Until(t, "the pass's end", func() bool {
		return ask[string](f, `select state from scans where id = $1`, report.ID)[0] == "finished"
	})
	if n := ask[int](f, `select count(*) from accounts where not can_transact`)[0]; n != 25 {
		t.Errorf("%d accounts are unable after the resume", n)
	}
}

// TestScanLeftToTheService is opened in the shell and worked on by connectd serve.
func TestScanLeftToTheService(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 5)
	f.allDue()
	out := expect(t, 0, []string{"DATABASE_URL=" + f.url}, "scan") // the database is all that it needs
	if !strings.Contains(out, `"state": "running"`) || !strings.Contains(out, `"due": 5`) {
		t.Errorf("scan printed %s", out)
	}
	f.serve(20)
	f.finished()
}

func TestWrongUseOfScanExitsTwo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args string
		says string
	}{
		{"scan --method guess", "--method must be one of"},
		{"scan --nothing", "--nothing"},
		{"scan resume one two", "unexpected argument two"},
		{"scan", "DATABASE_URL"},
		{"scan --wait", "STRIPE_SECRET_KEY"},
		{"scan resume", "DATABASE_URL"},
	} {
		_, stderr, code := connectd(t, nil, strings.Fields(tt.args)...)
		if code != 2 || !strings.Contains(stderr, tt.says) {
			t.Errorf("connectd %s ended with %d: %s", tt.args, code, stderr)
		}
	}
}
