package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// accountsView is a page of the account table.
type accountsView struct {
	Filter   filterView
	Tabs     []tab
	Heads    []head
	Rows     []accountRow
	LiveURL  string // asks for this page if anything has changed since
	FirstURL string // "": this is the first page
	NextURL  string // "": this is the last
	CSVURL   string // the view as a file, all pages of it
	BaseURL  string // where connectd is reached
	Searched int    // how many accounts were looked at for the text, where the search goes on behind them; 0
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
	asked url.Values, chosen []column, page registry.AccountPage, counts map[account.Status]int64, now time.Time,
) accountsView {
	v := accountsView{Filter: newFilterView(asked, chosen, now), Tabs: newTabs(asked, counts), Heads: newHeads(asked, chosen)}
	v.Searched = page.Searched
	v.CSVURL = strings.Replace(accountsURL(asked, ""), accountsPath, exportPath, 1)
	for _, a := range page.Accounts {
		v.Rows = append(v.Rows, newAccountRow(a))
	}
	if asked.Get("cursor") != "" {
		v.FirstURL = accountsURL(asked, "")
	}
	if page.NextCursor != "" {
		v.NextURL = accountsURL(asked, page.NextCursor)
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

// live makes the page ask for what has changed since the latest change, and marks what has changed since the one shown, where
// the page was asked for by one that shows it.
func (v *accountsView) live(asked url.Values, shown, latest int64) {
	address := viewOf(asked)
	if cursor := asked.Get("cursor"); cursor != "" {
		address.Set("cursor", cursor)
	}
	address.Set("shown", strconv.FormatInt(latest, 10))
	v.LiveURL = addressOf(address)
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
func newTabs(asked url.Values, counts map[account.Status]int64) []tab {
	look := url.Values{}
	for _, name := range []string{"sort", "limit", "columns"} {
		if chosen, ok := asked[name]; ok {
			look[name] = chosen
		}
	}
	all := tab{Words: "All", URL: accountsURL(look, ""), ID: "tab-all", Current: asked.Get("status") == ""}
	tabs := []tab{all}
	for _, status := range pressing {
		tabs[0].Count += counts[status]
		tabs = append(tabs, tab{
			Words: newStatusView(string(status)).Words, Count: counts[status], URL: addressWith(look, "status", string(status)),
			ID: "tab-" + string(status), Current: asked.Get("status") == string(status),
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
