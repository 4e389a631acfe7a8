package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// These keep the page short, and the search quick, where there are a million accounts.
const (
	shownAccounts    = 25
	shownEvents      = 40
	searchedAccounts = 100_000
)

type overviewPage struct {
	Platform Platform
	Now      time.Time
	// Here is the page as it was asked for: forms come back to it.
	Here     string
	Search   string
	Personas []string
	Accounts []accountRow
	Total    int
	// Older leads to the accounts that were made before; "" where there are none.
	Older  string
	Events []eventRow
}

type accountRow struct {
	ID             string
	Name           string
	Persona        string
	Country        string
	Currency       string
	Type           accountType
	Connected      bool
	Changed        bool
	Charges        accountSwitch
	Payouts        accountSwitch
	Details        accountSwitch
	Due            []string
	DueLines       string
	Deadline       string
	DeadlineInput  string
	DisabledReason string
}

// accountSwitch is a member of an account that a person can flip.
type accountSwitch struct {
	Account string
	Member  string
	Label   string
	On      bool
	Back    string
}

type eventRow struct {
	ID      string
	Type    string
	Account string
	At      time.Time
	Waiting bool
	Answers []answerCell
}

type answerCell struct {
	Delivery
	Taken bool
}

func (s *Sandbox) overview(r *http.Request) (*response, error) {
	query := r.URL.Query()
	page := overviewPage{Here: r.URL.RequestURI(), Search: strings.TrimSpace(query.Get("q")), Personas: Personas()}
	answers := s.dispatcher.log.byEvent()
	_ = s.state.view(func(tx *transaction) error { // answers no error
		page.Platform, page.Now, page.Total = tx.platforms[0].Platform, tx.now.UTC(), len(tx.order)
		page.Events = tx.newestEvents(shownEvents, answers)
		found := tx.search(page.Search, query.Get("before"), shownAccounts+1)
		if len(found) > shownAccounts {
			found = found[:shownAccounts]
			older := url.Values{"before": {found[shownAccounts-1].ID}, "q": {page.Search}}
			page.Older = "/?" + older.Encode()
		}
		for _, a := range found {
			page.Accounts = append(page.Accounts, a.row(page.Here))
		}
		return nil
	})
	return renderPage("overview.html", formsStay, page)
}

// search finds at most n accounts, the newest first, from before the one that is named.
func (tx *transaction) search(text, before string, n int) []*account {
	if a := tx.accounts[text]; a != nil && !a.Deleted {
		return []*account{a}
	}
	from := len(tx.order)
	if a := tx.accounts[before]; a != nil {
		from = a.place
	}
	text = strings.ToLower(text)
	var found []*account
	for place := from - 1; place >= max(0, from-searchedAccounts) && len(found) < n; place-- {
		if a := tx.order[place]; !a.Deleted && a.matches(text) {
			found = append(found, a)
		}
	}
	return found
}

func (a *account) matches(text string) bool {
	if text == "" {
		return true
	}
	name := strings.ToLower(string(a.appendSlot(nil, slotName)))
	return strings.Contains(name, text) || strings.Contains(strings.ToLower(a.ID), text) || a.Persona.String() == text
}

// shownAccount is what the page shows of an account object; a patch may have taken any of it away.
type shownAccount struct {
	Name struct {
		Name *string `json:"name"`
	} `json:"business_profile"`
	Charges      bool    `json:"charges_enabled"`
	Payouts      bool    `json:"payouts_enabled"`
	Details      bool    `json:"details_submitted"`
	Country      *string `json:"country"`
	Currency     *string `json:"default_currency"`
	Requirements struct {
		Due      []string `json:"currently_due"`
		Deadline *int64   `json:"current_deadline"`
		Disabled *string  `json:"disabled_reason"`
	} `json:"requirements"`
}

func (a *account) row(here string) accountRow {
	var shown shownAccount
	_ = json.Unmarshal(a.json(), &shown) // what is of another type is left out
	flip := func(member, label string, on bool) accountSwitch {
		return accountSwitch{Account: a.ID, Member: member, Label: label, On: on, Back: here}
	}
	row := accountRow{
		ID: a.ID, Name: valueOrEmpty(shown.Name.Name), Persona: a.Persona.String(), Country: valueOrEmpty(shown.Country),
		Currency: valueOrEmpty(shown.Currency), Type: a.Type,
		Connected: len(a.Platforms) > 0, Changed: len(a.Overrides) > 0,
		Charges: flip("charges_enabled", "Charges", shown.Charges), Payouts: flip("payouts_enabled", "Payouts", shown.Payouts),
		Details: flip("details_submitted", "Details", shown.Details),
		Due:     shown.Requirements.Due, DueLines: strings.Join(shown.Requirements.Due, "\n"),
		DisabledReason: valueOrEmpty(shown.Requirements.Disabled),
	}
	if at := shown.Requirements.Deadline; at != nil {
		deadline := time.Unix(*at, 0).UTC()
		row.Deadline, row.DeadlineInput = deadline.Format("2 January 2006, 15:04"), deadline.Format(inputTime)
	}
	return row
}

func (tx *transaction) newestEvents(n int, answers map[string][]answerCell) []eventRow {
	var rows []eventRow
	for i := len(tx.timeline) - 1; i >= 0 && len(rows) < n; i-- {
		e := tx.timeline[i]
		rows = append(rows, eventRow{
			ID: e.ID, Type: e.Type, Account: e.Account, At: time.Unix(e.Created, 0).UTC(), Waiting: len(e.Pending) > 0,
			Answers: answers[e.ID],
		})
	}
	return rows
}

// byEvent are the attempts of each event, the oldest first.
func (l *attemptLog) byEvent() map[string][]answerCell {
	l.mu.Lock()
	defer l.mu.Unlock()
	answers := map[string][]answerCell{}
	for _, a := range l.last {
		answers[a.Event] = append(answers[a.Event], answerCell{a, a.taken()})
	}
	return answers
}

func (d Delivery) taken() bool {
	return d.Error == "" && d.Status >= 200 && d.Status < 300
}
