package browsertest

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/connectd/connectd/internal/waittest"
)

// saveView follows the link to the file of a view.
func (p pages) saveView(t *testing.T) {
	b := p.tab(t)
	b.open("/admin/accounts?q=REJ&columns=id&sort=-seller_id")
	file := b.saves(func() { b.press("#csv") })
	if got, want := file.column("account_id"), strings.Fields(b.text("#rows")); len(want) != 2 || !slices.Equal(got, want) {
		t.Errorf("the file has %v, the page %v", got, want)
	}
	if got := file.column("status"); !slices.Equal(got, []string{"rejected", "rejected"}) {
		t.Errorf("the statuses are %v", got)
	}
}

// savePicked picks all rows of a view with one box, and opens the first of the fresh links in their file.
func (p pages) savePicked(t *testing.T) {
	b := p.tab(t)
	b.open("/admin/accounts?q=incomplete&sort=seller_id")
	b.press("thead input")
	file := b.saves(func() { b.press("#picked button") })
	sellers, links := file.column("seller_id"), file.column("onboarding_link")
	if len(sellers) != 2 || len(links) != 2 || links[0] == links[1] {
		t.Fatalf("%v, %v", sellers, links)
	}
	seller := p.window(t).tab()
	seller.open(links[0])
	seller.shows("Connected:")
}

// saved is a file of accounts that the browser has saved, row by row.
type saved struct {
	t    *testing.T
	rows [][]string
}

// column is what the file has in a column.
func (s saved) column(name string) []string {
	s.t.Helper()
	at := slices.Index(s.rows[0], name)
	if at < 0 {
		s.t.Fatalf("there is no column %q: %v", name, s.rows[0])
	}
	cells := make([]string, 0, len(s.rows)-1)
	for _, row := range s.rows[1:] {
		cells = append(cells, row[at])
	}
	return cells
}

// saves waits for the file that the browser saves when that is done. Chromium gives it its name once it is whole.
func (b tab) saves(do func()) saved {
	b.t.Helper()
	folder := b.t.TempDir()
	keep := cdpbrowser.SetDownloadBehaviorParams{
		Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder,
		BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
	}
	if _, err := chromedp.CallBrowser(b.ctx, cdpbrowser.SetDownloadBehavior, keep); err != nil {
		b.t.Fatal(err)
	}
	do()
	var names []string
	waittest.Until(b.t, "the file", func() bool {
		names, _ = filepath.Glob(filepath.Join(folder, "accounts-*.csv")) // fails of malformed patterns alone
		return len(names) == 1
	})
	content, err := os.ReadFile(names[0])
	if err != nil {
		b.t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(content), "\ufeff"))).ReadAll()
	if err != nil || len(rows) == 0 {
		b.t.Fatalf("%v\n%s", err, content)
	}
	return saved{b.t, rows}
}
