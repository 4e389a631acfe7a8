package scan_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/coder/quartz"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/scan"
)

var ann = account.Actor{Name: "ann"}

// importer is one more process, by the machine's clock.
func (p *place) importer() *scan.Importer {
	p.t.Helper()
	return scan.NewImporter(scan.ImporterConfig{
		Registry: p.registry, Pool: p.pool, Stripe: p.stripe.clientBehind(p.t, p.gate, p.stripe.box.Platform().Key),
		Checker: p.Checker, Clock: quartz.NewReal(), Logger: slog.New(slog.NewTextHandler(p.t.Output(), nil)),
	})
}

// TestAFileIsImportedWhateverItsCellsAre: what can't be taken is listed, and the rest goes on.
func TestAFileIsImportedWhateverItsCellsAre(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.control("accounts", `{"persona":"complete","id":"acct_1good"}`)
	for name, lines := range map[string]string{
		"a NUL": "acct_x,a\x00b\n", "Latin-1": "acct_x\xfc,M\xfcller\n", "a long cell": "acct_x," + noise(30_000) + "\n",
		"a long id": noise(30_000) + ",s1\n", "a line's end in a cell": "acct_x,\"a\nb\"\n",
		"sellers without an account": manySellers(3000),
	} {
		sellers, err := scan.SellersByFile(strings.NewReader("account,seller\nacct_1good,good\n" + lines))
		if err != nil {
			t.Fatal(name, err)
		}
		var refused []scan.Refusal
		report, err := p.importer().Import(t.Context(), sellers, ann, func(scan.Imported) {}, func(r scan.Refusal) { refused = append(refused, r) })
		if err != nil || report.Listed != 1 || report.Imported+report.Known != 1 || len(refused) != 1 {
			t.Errorf("%s: %+v, %d refused, %v; want one taken and one refused", name, report, len(refused), err)
			continue
		}
		if shown := refused[0].AccountID + refused[0].SellerID; strings.ContainsAny(shown, "\x00\n") || len(shown) > 1500 {
			t.Errorf("%s: shown is %q", name, shown)
		}
	}
}

// noise is n characters that can't be compressed to few.
func noise(n int) string {
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "%x", rand.Uint64())
	}
	return b.String()[:n]
}

func manySellers(n int) string {
	var b strings.Builder
	for range n {
		fmt.Fprintf(&b, ",%s\n", noise(250))
	}
	return b.String()
}

// TestAReconciliationWhosePlaceWasTakenSaysSo: it must not say that nothing differs.
func TestAReconciliationWhosePlaceWasTakenSaysSo(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, id := range p.connect(3) {
		p.control("accounts/"+id+"/deauthorize?silent=1", "")
	}
	first, err := p.importer().Compare(t.Context(), ann, func(scan.Difference) {})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Orphans(t.Context(), func(scan.Imported) {}); err != nil {
		t.Fatal(err)
	}
	p.exec(`update listings set held_until = now() - interval '1 second'`)
	if _, err := p.importer().Compare(t.Context(), ann, func(scan.Difference) {}); err != nil {
		t.Fatal(err)
	}
	if err := first.Ghosts(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := first.End(t.Context()); err == nil {
		t.Error("it has lost what it compared, and ends without an error")
	}
}

// TestAnImportThatWasBrokenOffLongAgoBeginsAnew: accounts that are new since then are on pages that it has left behind.
func TestAnImportThatWasBrokenOffLongAgoBeginsAnew(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.control("accounts", `{"persona":"complete","count":150}`)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := p.importer().Import(ctx, scan.SellersByAccount(), ann, func(scan.Imported) { cancel() }, func(scan.Refusal) {})
	if err == nil {
		t.Fatal("it was not broken off")
	}
	p.exec(`update listings set started_at = now() - interval '61 minutes', held_until = now() - interval '60 minutes'`)
	p.advance(time.Hour)
	p.control("accounts", `{"persona":"complete","count":50}`)
	report, err := p.importer().Import(t.Context(), scan.SellersByAccount(), ann, func(scan.Imported) {}, func(scan.Refusal) {})
	if err != nil || report.Listed != 200 || report.Imported != 100 || report.Known != 100 {
		t.Errorf("%+v, %v; want all 200 listed and those that were missing imported", report, err)
	}
}

func (p *place) exec(sql string) {
	p.t.Helper()
	if _, err := p.pool.Exec(p.t.Context(), sql); err != nil {
		p.t.Fatal(err)
	}
}
