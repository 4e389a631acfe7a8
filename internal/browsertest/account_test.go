package browsertest

import (
	"strings"
	"testing"
)

func (p pages) readWhy(t *testing.T) {
	b := p.tab(t)
	b.open("/admin/accounts?q=document_failed&sort=seller_id")
	b.press("#rows a")
	b.shows("Cannot transact: Stripe has switched charges and payouts off because a document that proves the company’s identity is past due.",
		"The seller must act", "company.verification.document", "Stripe says: The document could not be read.", "History")
	p.patch(t, "document_failed", "", `{
		"charges_enabled": true, "payouts_enabled": true, "capabilities": {"card_payments": "active", "transfers": "active"},
		"requirements": {"currently_due": [], "past_due": [], "eventually_due": [], "errors": [], "disabled_reason": null}
	}`)
	b.shows("Can transact: nothing stands in the way.", "Nothing: nobody has to act.", "no longer due")
}

func (p pages) recheck(t *testing.T) {
	b := p.tab(t)
	p.patch(t, "enabled", "?silent=1", `{"payouts_enabled":false}`)
	b.open(p.accountURL(t, "enabled"))
	b.press("#recheck")
	b.shows("Checked: this is what Stripe says now.", "by a re-check", "payouts off")
}

func (p pages) makeLink(t *testing.T) {
	b := p.tab(t)
	at := p.accountURL(t, "restricted")
	b.open(at)
	b.press("#link")
	b.shows("A new onboarding link for restricted")
	b.until(`document.activeElement.id === "new-link"`)
	b.until(`!document.querySelector("[data-copy]").hidden`)
	link := look[string](b, `document.querySelector("#new-link").value`)
	if !strings.HasSuffix(b.address(), at) {
		t.Errorf("the address is %s", b.address())
	}
	b.press("[data-copy]")
	b.until(`["Copied", "Press Ctrl-C"].includes(document.querySelector("[data-copy]").textContent)`)
	seller := p.window(t).tab()
	seller.open(link)
	seller.shows("Connected:")
}

func (p pages) unlinkBroken(t *testing.T) {
	b := p.tab(t)
	b.open(p.accountURL(t, "no_payouts"))
	b.press("#unlink")
	b.shows("Subscriptions that run on the account go on at Stripe")
	b.press("#acting .danger")
	b.shows("Unlinked.", "Disconnected", "Stripe answers nothing about an account that is disconnected")
	if status := p.Readiness(t, "no_payouts").Status; status != "disconnected" {
		t.Errorf("the seller is %s", status)
	}
}

func (p pages) unlinkWorking(t *testing.T) {
	b := p.tab(t)
	at := p.accountURL(t, "restricted_soon")
	b.open(at + "?confirm=unlink")
	b.fill("#seller-id", "somebody")
	b.press("#acting .danger")
	b.shows("To unlink it nevertheless, type the seller’s id, restricted_soon.")
	if !p.Readiness(t, "restricted_soon").CanTransact {
		t.Fatal("it was unlinked")
	}
	b.fill("#seller-id", "restricted_soon\r")
	b.shows("Unlinked.")
	if status := p.Readiness(t, "restricted_soon").Status; status != "disconnected" {
		t.Errorf("the seller is %s", status)
	}
}

func (p pages) reassign(t *testing.T) {
	b := p.tab(t)
	b.open(p.accountURL(t, "no_charges"))
	b.press("#reassign")
	b.fill("#seller-id", "restricted\r")
	b.shows("Seller restricted is connected with another account.")
	b.fill("#seller-id", "heir\r")
	b.shows("Reassigned: seller heir holds this account now.")
	if p.Readiness(t, "heir").AccountID == nil {
		t.Error("the heir holds nothing")
	}
}

func (p pages) writeNote(t *testing.T) {
	b := p.tab(t)
	b.open(p.accountURL(t, "rejected"))
	b.press("#notes summary")
	b.fill("#note", "Called on Monday.")
	b.press("#notes .stack button")
	b.shows("admin wrote a note")
	if note := b.text("#notes .note"); note != "Called on Monday." {
		t.Errorf("the note is %q", note)
	}
	b.press("#notes article button")
	b.shows("admin deleted a note")
}
