package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Where the links lead that the API answers.
const (
	checkoutPath   = "/c/pay/"
	onboardingPath = "/setup/e/"
	expressPath    = "/express/"
)

type grantPage struct {
	ClientID string
	Scope    string
	Back     string
	Query    []queryField
	Personas []personaChoice
	Accounts []accountRow
}

// queryField is a parameter that the platform has sent, which goes along with the seller's answer.
type queryField struct {
	Name, Value string
}

// grantPage shows what a seller sees: whom to be. Its buttons ask the same again, each with one answer.
func (tx *transaction) grantPage(a *authorization) (*response, error) {
	back := *a.RedirectURI
	back.RawQuery = ""
	page := grantPage{
		ClientID: a.Platform.ClientID, Scope: a.Scope, Back: back.Redacted(), Personas: personaChoices(),
	}
	for _, known := range tx.search("", "", shownAccounts) {
		page.Accounts = append(page.Accounts, known.row(""))
	}
	for _, name := range slices.Sorted(maps.Keys(a.Query)) {
		if name != "persona" && name != "account" {
			page.Query = append(page.Query, queryField{name, a.Query.Get(name)})
		}
	}
	return renderPage("grant.html", formsLeave, page)
}

type checkoutPage struct {
	Seller    string
	Open      bool
	Status    sessionStatus
	Lines     []checkoutLine
	Total     string
	CancelURL string
}

type checkoutLine struct {
	Description string
	Quantity    int64
	Amount      string
}

// sessionOf finds a session by its id alone, as its page does, with its seller.
func (tx *transaction) sessionOf(id string) (*checkoutSession, *account, error) {
	for _, o := range tx.sessions.all {
		if o.Object.Object.ID == id {
			owner, err := tx.seller(o.Owner)
			return &o.Object, owner, err
		}
	}
	return nil, nil, refuse(http.StatusNotFound, "There is no such Checkout.")
}

func (s *Sandbox) checkoutPage(r *http.Request) (*response, error) {
	var page checkoutPage
	err := s.state.view(func(tx *transaction) error {
		session, owner, err := tx.sessionOf(r.PathValue("id"))
		if err != nil {
			return err
		}
		currency := valueOrEmpty(session.Object.Currency)
		page = checkoutPage{
			Seller: string(owner.appendSlot(nil, slotName)), Open: session.Object.Status == sessionOpen,
			Status: session.Object.Status, Total: amountText(valueOr(session.Object.AmountTotal, 0), currency),
			CancelURL: valueOrEmpty(session.Object.CancelURL),
		}
		for _, line := range session.Lines {
			page.Lines = append(page.Lines, checkoutLine{line.Description, line.Quantity, amountText(line.AmountTotal, currency)})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return renderPage("checkout.html", formsLeave, page)
}

// zeroDecimal are the currencies whose smallest unit is the whole one (docs.stripe.com/currencies#zero-decimal).
var zeroDecimal = []string{
	"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf",
}

func amountText(amount int64, currency string) string {
	if slices.Contains(zeroDecimal, currency) {
		return fmt.Sprintf("%d %s", amount, strings.ToUpper(currency))
	}
	return fmt.Sprintf("%d.%02d %s", amount/100, amount%100, strings.ToUpper(currency))
}

func (s *Sandbox) payCheckout(r *http.Request) (*response, error) {
	var result *response
	err := s.state.update(func(tx *transaction) error {
		session, owner, err := tx.sessionOf(r.PathValue("id"))
		if err != nil {
			return err
		}
		if session.Object.Status != sessionOpen {
			return refuse(http.StatusConflict, "This Checkout is %s.", session.Object.Status)
		}
		paid, err := tx.checkOut(checkoutOrder{Account: owner.ID, Session: session.Object.ID})
		if err != nil {
			return err
		}
		result = seeOther(paid.landing())
		return nil
	})
	return result, err
}

type onboardingPageContent struct {
	Account  string
	Personas []personaChoice
}

// openLink is nil of a link that is used up, has expired or never was.
func (tx *transaction) openLink(r *http.Request) *accountLink {
	link := tx.links[r.PathValue("token")]
	if link == nil || link.Account != r.PathValue("id") || !tx.now.Before(link.Expires) {
		return nil
	}
	return link
}

// onboardingPage is where Stripe would ask the seller. A link that has expired leads to its refresh_url, as Stripe's do
// (docs.stripe.com/api/account_links/create#create_account_link-refresh_url).
func (s *Sandbox) onboardingPage(r *http.Request) (*response, error) {
	var result *response
	err := s.state.view(func(tx *transaction) error {
		var err error
		switch link := tx.openLink(r); {
		case link != nil:
			result, err = renderPage("onboarding.html", formsLeave, onboardingPageContent{link.Account, personaChoices()})
		case tx.links[r.PathValue("token")] != nil:
			result = seeOther(tx.links[r.PathValue("token")].RefreshURL)
		default:
			err = refuse(http.StatusNotFound, "This link was used already, or never was.")
		}
		return err
	})
	return result, err
}

func (s *Sandbox) finishOnboarding(r *http.Request) (*response, error) {
	form, err := readForm(r)
	if err != nil {
		return nil, err
	}
	var result *response
	err = s.state.update(func(tx *transaction) error {
		link := tx.openLink(r)
		if link == nil {
			return refuse(http.StatusGone, "This link was used already, or has expired.")
		}
		tx.change.Used = append(tx.change.Used, link.Token)
		result = seeOther(link.ReturnURL)
		if form.value("persona") == "" {
			return nil
		}
		return tx.standAs(link.Account, form.value("persona"))
	})
	return result, err
}

// standAs has the account stand as the persona, and keeps what the platform has written on it.
func (tx *transaction) standAs(accountID, name string) error {
	a, err := tx.anyAccount(accountID)
	if err != nil {
		return err
	}
	named, ok := personaNamed(name)
	if !ok {
		return refuse(http.StatusBadRequest, "No persona is called %q.", name)
	}
	before, err := a.document()
	if err != nil {
		return err
	}
	changed := *a
	changed.Persona = named
	changed.Overrides = slices.DeleteFunc(slices.Clone(a.Overrides), func(o override) bool {
		return o.Name != "metadata" && o.Name != "email"
	})
	after, err := changed.document()
	if err != nil {
		return err
	}
	tx.putAccount(changed)
	return tx.emitAccountUpdated(&changed, previousAttributes(before, after), nil)
}

// expressDashboard stands for the dashboard that an Express seller has at Stripe.
func expressDashboard(r *http.Request) (*response, error) {
	return seeOther("/?" + url.Values{"q": {r.PathValue("id")}}.Encode()), nil
}
