package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// leaveColumns: the open choice of columns does not stay over what one goes to.
func (p pages) leaveColumns(t *testing.T) {
	b := p.tab(t)
	b.open("/admin/accounts")
	open := `document.querySelector("details.columns").open`
	tabTo(b, "summary")
	b.key(kb.Enter)
	b.until(open)
	tabTo(b, "input[value=next_check_at]")
	b.key(kb.Escape)
	b.until(`!` + open + ` && document.activeElement.matches("summary")`)
	b.key(kb.Enter)
	b.until(open)
	tabTo(b, "th a")
	b.until(`!` + open)
}

// focusStays where it is, on each thing that can have it, while what is shown changes.
func (p pages) focusStays(t *testing.T) {
	b := p.tab(t)
	b.open("/admin/accounts?q=restricted&sort=seller_id")
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#csv-of-picked").focus(); window.old = document.activeElement`))
	p.patch(t, "restricted", "", `{"settings":{"dashboard":{"display_name":"Renamed"}}}`)
	b.until(`document.querySelector("#rows").innerText.includes("Renamed") && !window.old.isConnected`)
	if at := look[string](b, `document.activeElement.id`); at != "csv-of-picked" {
		t.Errorf("the focus is on %q", at)
	}
}

// formStays where it is while what stands above it grows.
func (p pages) formStays(t *testing.T) {
	b := p.tab(t)
	for form, opens := range map[string]string{"#acting .danger": "#unlink", "#note": "#notes summary"} {
		b.open(p.accountURL(t, "complete"))
		b.press(opens)
		b.do(chromedp.WaitVisible(chromedp.CSS(form)), chromedp.Evaluate[chromedp.Void](`scrollTo(0, 0)`)) // where no browser holds it by itself
		top := `document.querySelector(` + quoted(form) + `).getBoundingClientRect().top`
		before := look[float64](b, top)
		p.patch(t, "complete", "", `{"charges_enabled":false, "requirements":{"past_due":["company.tax_id","company.name","external_account"],
			"currently_due":["company.tax_id","company.name","external_account"]}}`)
		b.shows("The company’s legal name")
		if after := look[float64](b, top); after < before-1 || after > before+1 {
			t.Errorf("%s stood at %v, and stands at %v", form, before, after)
		}
		p.patch(t, "complete", "", `{"charges_enabled":true, "requirements":{"past_due":[],"currently_due":[]}}`)
		b.shows("Can transact: nothing stands in the way.")
	}
}
