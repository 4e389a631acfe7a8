package web

import (
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// accountsView is a page of the account table.
type accountsView struct {
	paging
	Filter  filterView
	Tabs    []tab
	Heads   []head
	Rows    []accountRow
	LiveURL string // asks for this page if anything has changed since
	CSVURL  string // the view as a file, all pages of it
	BaseURL string // where connectd is reached
}

func (accountsView) template() string { return "accounts" }

// accountRow is one account. The heads say which of it is shown.
type accountRow struct {
	SellerID, ID, URL          string
	Name, Country              string // "": not known
	Charges, Payouts, Details  answer
	Status                     statusView
	Due                        owedView
	AtRisk, Checked, NextCheck *time.Time
	Fresh                      bool // it changed since the page was last asked

	version int64
}

func newAccountsView(
	view address, chosen []column, page registry.AccountPage, counts map[account.Status]int64, now time.Time,
) accountsView {
	first := view.with(cursorParam, "")
	v := accountsView{
		paging: view.pages(page.NextCursor), Filter: newFilterView(first, chosen, now), Tabs: newTabs(first, counts), Heads: newHeads(first, chosen),
		CSVURL: first.on(exportPath).String(),
	}
	v.Searched = page.Searched
	for _, a := range page.Accounts {
		v.Rows = append(v.Rows, newAccountRow(a))
	}
	return v
}

func newAccountRow(a client.Account) accountRow {
	return accountRow{
		SellerID: a.SellerID, ID: a.ID, URL: accountPath(a.ID), Name: client.Text(a.DisplayName), Country: client.Text(a.Country),
		Charges: answerOf(a.ChargesEnabled), Payouts: answerOf(a.PayoutsEnabled), Details: answerOf(a.DetailsSubmitted),
		Status: newStatusView(a.Status), Due: newOwedView(a), AtRisk: a.AtRiskAt, Checked: a.CheckedAt, NextCheck: a.NextCheckAt,
		version: a.Version,
	}
}

// markFresh marks what has changed since the page that asks was shown.
func (v *accountsView) markFresh(shown int64) {
	for i := range v.Rows {
		v.Rows[i].Fresh = shown != nothingShown && v.Rows[i].version > shown
	}
}

// owedView is what an account owes Stripe now, or will where that has a deadline, in a few words.
type owedView struct {
	First    string // "": nothing
	More     int    // beside the first
	PastDue  bool
	Deadline *time.Time
}

func newOwedView(a client.Account) owedView {
	v := owedOf(a.Requirements)
	if v.First == "" && a.AtRiskAt != nil { // by what Stripe will need, then
		return owedOf(a.FutureRequirements)
	}
	return v
}

func owedOf(r *client.Requirements) owedView {
	if r == nil {
		return owedView{}
	}
	due := r.PastDue
	v := owedView{PastDue: len(due) > 0, Deadline: r.CurrentDeadline}
	if !v.PastDue {
		due = r.CurrentlyDue
	}
	if len(due) == 0 {
		return owedView{}
	}
	v.First, v.More = requirementWords(due[0]), len(due)-1
	return v
}

// tab shows the accounts of one status, or all, and says how many these are.
type tab struct {
	Words   string
	Count   int64
	URL     string
	ID      string
	Current bool
}

// pressing are the statuses that an account can have, those that ask for something first, as in Stripe's Dashboard.
var pressing = []account.Status{
	account.Restricted, account.RestrictedSoon, account.InReview, account.Incomplete, account.Enabled, account.Unsupported,
	account.Rejected, account.Disconnected,
}

// newTabs count all accounts, whatever else is searched for: a tab leads to as many as it says.
func newTabs(view address, counts map[account.Status]int64) []tab {
	look := viewAt(accountsPath, view.query, "sort", "limit", "columns")
	all := tab{Words: "All", URL: look.String(), ID: "tab-all", Current: view.get("status") == ""}
	tabs := []tab{all}
	for _, status := range pressing {
		tabs[0].Count += counts[status]
		tabs = append(tabs, tab{
			Words: newStatusView(string(status)).Words, Count: counts[status], URL: look.with("status", string(status)).String(),
			ID: "tab-" + string(status), Current: view.get("status") == string(status),
		})
	}
	return tabs
}

// shownCell is a row, and the column in which it is shown.
type shownCell struct {
	accountRow
	Column string
}

// In is the row's cell in a column.
func (row accountRow) In(column string) shownCell { return shownCell{row, column} }
