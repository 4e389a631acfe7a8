package main

import (
	"strings"
	"testing"
)

// linesWith are the lines that hold a word, each with single spaces.
func linesWith(text, word string) (lines []string) {
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
	}
	return lines
}

func wantLines(t *testing.T, text, word string, want ...string) {
	t.Helper()
	got := linesWith(text, word)
	if len(got) != len(want) {
		t.Errorf("%d lines with %s, want %d:\n%s", len(got), word, len(want), text)
	}
	for _, line := range want {
		says(t, strings.Join(got, "\n"), line)
	}
}

// TestReconcileComparesBothWays: prints orphans and ghosts, changes nothing, and mends with --apply.
func TestReconcileComparesBothWays(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 150)
	printed, _ := f.accounts(0, "reconcile")
	if printed != "" {
		t.Errorf("nothing differs, and it prints %s", printed)
	}
	unknown, gone, left := f.ids[3], f.ids[120], f.ids[121]
	f.forgets(unknown)
	f.Sandbox(t, "accounts/"+gone+"/deauthorize?silent=1", "")
	f.accounts(0, "recheck", left)
	f.Sandbox(t, "accounts/"+left+"/deauthorize?silent=1", "")
	f.exec(`update accounts set disconnected_at = now() - interval '1 hour', disconnect_reason = 'deauthorized', next_check_at = null where id = $1`, f.ids[7])
	f.exec(`update connections set disconnected_at = now() where account_id = $1`, f.ids[7])

	f.costs(2, 2, func() { printed, _ = f.accounts(1, "reconcile") })
	wantLines(t, printed, "orphan", "orphan "+unknown+" - not known here", "orphan "+f.ids[7]+" s7 disconnected here since")
	wantLines(t, printed, "ghost", "ghost "+gone+" s120 gone at Stripe", "ghost "+left+" s121 gone at Stripe")
	if n := f.connected(); n != 148 {
		t.Errorf("%d accounts are connected: it has changed something", n)
	}

	printed, words := f.accounts(0, "reconcile", "--apply", "--csv", f.file("account,seller", unknown+",new", f.ids[7]+",s7"))
	wantLines(t, printed, "orphan", "orphan "+unknown+" new imported", "orphan "+f.ids[7]+" s7 imported")
	wantLines(t, printed, "ghost", "ghost "+gone+" s120 disconnected", "ghost "+left+" s121 disconnected")
	says(t, words, "is finished: of 2 accounts 2 were checked and 2 disconnected; 0 are held back.")
	if got := ask[string](f, `select format('%s %s %s', started_by, state, disconnected) from scans`); len(got) != 1 || got[0] != "cli finished 2" {
		t.Errorf("scans: %v", got)
	}
	if printed, _ = f.accounts(0, "reconcile"); printed != "" {
		t.Errorf("after it was mended:\n%s", printed)
	}
}

// forgets deletes an account as if it had never been connected here.
func (f *fleet) forgets(id string) {
	f.t.Helper()
	for _, sql := range []string{
		`delete from connections where account_id = $1`, `delete from accounts where id = $1`, `delete from account_words where account_id = $1`,
	} {
		f.exec(sql, id)
	}
}

// TestGhostsStandUnderTheBrake: what it holds back remains.
func TestGhostsStandUnderTheBrake(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 40)
	f.costs(1, 0, func() { f.accounts(0, "reconcile") })
	for _, id := range f.ids[:24] {
		f.Sandbox(t, "accounts/"+id+"/deauthorize?silent=1", "")
	}
	printed, words := f.accounts(1, "reconcile", "--apply")
	if n := len(linesWith(printed, "held back by the brake")); n != 4 {
		t.Errorf("%d are held back, want 4:\n%s", n, printed)
	}
	if n := len(linesWith(printed, " disconnected")); n != 20 {
		t.Errorf("%d are disconnected, want 20", n)
	}
	says(t, words, "is braked", "connectd scan resume", "4 differences between Stripe and connectd remain")
	_, words = f.accounts(1, "reconcile", "--apply")
	says(t, words, "is braked")
}

// TestReconcileBelievesRetrievalsAlone: what the list leaves out and a retrieval finds is no ghost.
func TestReconcileBelievesRetrievalsAlone(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 5)
	f.Sandbox(t, "accounts/"+f.ids[2]+"/deauthorize?silent=1", "")
	f.Sandbox(t, "faults", `[{"path":"/v1/accounts/`+f.ids[2]+`","status":500}]`)
	printed, _ := f.accounts(1, "reconcile")
	wantLines(t, printed, "ghost", "ghost "+f.ids[2]+" s2 not in Stripe's list, and could not be retrieved:")
	printed, words := f.accounts(1, "reconcile", "--apply")
	wantLines(t, printed, "ghost", "ghost "+f.ids[2]+" s2 not in Stripe's list, and could not be checked:")
	says(t, words, "1 checks failed")
	if n := f.connected(); n != 5 {
		t.Errorf("%d accounts are connected", n)
	}
}
