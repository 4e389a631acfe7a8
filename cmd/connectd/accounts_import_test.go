package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/connectd/connectd/internal/waittest"
)

// callsSince are the sandbox's counts of answers to requests of the platform's list, and of single accounts.
func (f *fleet) calls() (pages, retrievals int) {
	f.t.Helper()
	var stats struct {
		By []struct {
			Method, Path string
			Count        int
		}
	}
	f.sandboxJSON("stats", &stats)
	for _, by := range stats.By {
		switch by.Method + " " + by.Path {
		case "GET /v1/accounts":
			pages += by.Count
		case "GET /v1/accounts/{id}":
			retrievals += by.Count
		}
	}
	return pages, retrievals
}

// costs holds how many calls do makes.
func (f *fleet) costs(pages, retrievals int, do func()) {
	f.t.Helper()
	pagesBefore, before := f.calls()
	do()
	pagesAfter, after := f.calls()
	if pagesAfter-pagesBefore != pages || after-before != retrievals {
		f.t.Errorf("%d pages and %d retrievals were asked for, want %d and %d", pagesAfter-pagesBefore, after-before, pages, retrievals)
	}
}

// accounts runs connectd accounts, wants the exit code, and returns what it printed, and its words.
func (f *fleet) accounts(code int, args ...string) (printed, words string) {
	f.t.Helper()
	stdout, stderr, got := connectd(f.t, f.env("CONNECTD_STRIPE_RATE=500"), append([]string{"accounts"}, args...)...)
	if got != code {
		f.t.Fatalf("connectd accounts %s ended with %d, want %d:\n%s%s", strings.Join(args, " "), got, code, stdout, stderr)
	}
	return stdout, stderr
}

func (f *fleet) file(lines ...string) string {
	f.t.Helper()
	name := filepath.Join(f.t.TempDir(), "sellers.csv")
	if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return name
}

func (f *fleet) connected() int {
	f.t.Helper()
	return ask[int](f, `select count(*) from accounts where disconnected_at is null`)[0]
}

// TestImportTakesListPagesAlone: a hundred accounts a call, nothing else; and a second time nothing is left to do.
func TestImportTakesListPagesAlone(t *testing.T) {
	t.Parallel()
	const accounts = 1250
	f := newStrangers(t, accounts)
	f.prepare(accounts)
	f.costs(13, 0, func() {
		printed, words := f.accounts(0, "import")
		says(t, words, "Stripe listed 1250 accounts in 13 calls: 1250 imported, 0 known already.")
		if printed != "" || strings.ContainsAny(words, "\r\x1b") {
			t.Errorf("printed %q and said %q", printed, words)
		}
	})
	f.costs(13, 0, func() {
		_, words := f.accounts(0, "import")
		says(t, words, "0 imported, 1250 known already")
	})
	if n := ask[int](f, `select count(*) from account_changes where source = 'import'`)[0]; n != accounts {
		t.Errorf("%d changes", n)
	}
	if wrong := ask[string](f, `select id from accounts where seller_id <> id or status <> 'enabled' or checked_at is null
		or next_check_at < checked_at + interval '20 days'`); len(wrong) > 0 {
		t.Errorf("%d accounts are not as Stripe lists them, such as %s", len(wrong), wrong[0])
	}
}

// TestImportGoesOnAfterKill: with the page after the last that was stored; nothing is imported twice.
func TestImportGoesOnAfterKill(t *testing.T) {
	t.Parallel()
	const accounts, pages = 1500, 15
	f := newStrangers(t, accounts)
	f.prepare(accounts)
	before, _ := f.calls()
	f.Sandbox(t, "faults", `[{"path":"/v1/accounts","latency_ms":200}]`)
	victim := f.begin("accounts", "import")
	waittest.Until(t, "the middle of the import", func() bool { return f.connected() >= 400 })
	victim.Signal(t, syscall.SIGKILL)
	f.Sandbox(t, "faults", `[]`)
	cut := f.connected()
	if cut == accounts {
		t.Fatal("the kill came too late")
	}
	_, words := f.accounts(0, "import")
	says(t, words, fmt.Sprintf("Stripe listed %d accounts", accounts))
	after, _ := f.calls()
	t.Logf("%d accounts were imported at the kill; %d calls in all: %s", cut, after-before, words)
	if calls := after - before; calls > pages+2 { // the one in flight, and the page stored whose place was not
		t.Errorf("%d calls in all for %d pages: it did not go on", calls, pages)
	}
	if n := f.connected(); n != accounts {
		t.Errorf("%d accounts are connected", n)
	}
	if n := ask[int](f, `select count(*) from account_changes`)[0]; n != accounts {
		t.Errorf("%d changes", n)
	}
}

// begin starts a command that the test does not wait for.
func (f *fleet) begin(args ...string) *process {
	f.t.Helper()
	return tested.Launch(f.t, f.env("CONNECTD_STRIPE_RATE=500"), args...)
}

// TestImportFromAFileListsWhatItCantTake: and takes the rest.
func TestImportFromAFileListsWhatItCantTake(t *testing.T) {
	t.Parallel()
	f := newStrangers(t, 9)
	f.prepare(9)
	ids := f.ids
	f.accounts(1, "import", "--csv", f.file("account,seller", ids[0]+",first")) // which has no line for the others
	file := f.file("account,seller",
		ids[0]+",first", ids[1]+",second",
		ids[2]+",third", ids[2]+",fourth", // two sellers
		ids[3]+",a/b",    // no seller's id
		ids[4]+",second", // one who has another: the list's order decides
		ids[0]+",first",
		"acct_gone,fifth", "nonsense,sixth",
		ids[5]+",seventh", ids[6]+",eighth", ids[7]+",ninth",
	)
	f.exec(`insert into sellers (id, created_at) values ('other', now())`)
	f.accounts(0, "reassign", ids[0], "other")
	printed, words := f.accounts(1, "import", "--csv", file)
	says(t, words, "4 imported", "7 accounts could not be taken")
	for _, line := range []string{
		ids[0] + " first the account is connected by another seller",
		ids[2] + " third fourth the file names 2 sellers for it",
		ids[3] + " a/b its seller's id can't be one: 1 to 255 of A-Z a-z 0-9 . _ : @ -",
		ids[4] + " second the seller is connected with " + ids[1],
		ids[8] + " - the file does not name it",
		"acct_gone fifth Stripe does not list it: it is not connected to the platform",
		"nonsense sixth it is no account's id (acct_…)",
	} {
		says(t, strings.Join(strings.Fields(printed), " "), line)
	}
	if held := ask[string](f, `select seller_id from accounts where disconnected_at is null and seller_id <> 'other' order by seller_id collate "C"`); strings.Join(held, " ") != "eighth ninth second seventh" {
		t.Errorf("connected: %v", held)
	}
}

func TestImportFromMetadata(t *testing.T) {
	t.Parallel()
	f := newStrangers(t, 3)
	f.prepare(3)
	f.Sandbox(t, "accounts/"+f.ids[0]+"?silent=1", `{"metadata":{"shop":"shop-1"}}`)
	f.Sandbox(t, "accounts/"+f.ids[1]+"?silent=1", `{"metadata":{"shop":"no seller"}}`)
	printed, words := f.accounts(1, "import", "--seller-id-from", "metadata.shop")
	says(t, words, "1 imported", "2 accounts could not be taken")
	says(t, printed, "it has no metadata.shop", "its seller's id can't be one")
	if held := ask[string](f, `select seller_id || ' ' || id from accounts`); len(held) != 1 || held[0] != "shop-1 "+f.ids[0] {
		t.Errorf("connected: %v", held)
	}
}

func TestWrongUseOfImportExitsTwo(t *testing.T) {
	t.Parallel()
	f := &fleet{walk: walk{t: t}}
	for _, tt := range []struct {
		args []string
		says string
	}{
		{[]string{"import", "--seller-id-from", "email"}, "metadata.KEY"},
		{[]string{"import", "--csv", "/no/such/file"}, "/no/such/file"},
		{[]string{"import", "--csv", f.file("id,name")}, "account,seller"},
		{[]string{"import", "--csv", f.file("account,seller", `"odd`)}, "can't be read as CSV"},
		{[]string{"import", "--csv", "a", "--seller-id-from", "metadata.b"}, "can't be used together"},
		{[]string{"import"}, "STRIPE_SECRET_KEY"},
		{[]string{"reconcile"}, "DATABASE_URL"},
	} {
		_, stderr, code := connectd(t, nil, append([]string{"accounts"}, tt.args...)...)
		if code != 2 || !strings.Contains(stderr, tt.says) {
			t.Errorf("connectd accounts %v ended with %d: %s", tt.args, code, stderr)
		}
	}
}
