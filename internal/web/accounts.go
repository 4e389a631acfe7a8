package web

import (
	"net/http"
	"net/url"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

const accountsPath = "/admin/accounts"

// accountsView is a page of the account table.
type accountsView struct {
	Filter   filterView
	Rows     []accountRow
	FirstURL string // "": this is the first page
	NextURL  string // "": this is the last
}

func (accountsView) template() string { return "accounts" }

// accountRow is one account.
type accountRow struct {
	SellerID, ID, URL         string
	Name, Country             string // "": not known
	Charges, Payouts, Details answer
	Status                    statusView
}

func (s *site) toAccounts(w http.ResponseWriter, _ *http.Request) { seeOther(w, accountsPath) }

func (s *site) listAccounts(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	query, err := readAccountQuery(asked)
	if err != nil {
		s.queryProblem(w, r, err)
		return
	}
	page, err := s.Registry.Accounts(r.Context(), query)
	if err != nil {
		s.queryProblem(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, newAccountsView(asked, page))
}

func (s *site) queryProblem(w http.ResponseWriter, r *http.Request, err error) {
	s.problem(w, r, err, problemView{
		Title: "Not understood", Ways: []way{{Words: "Show all accounts", URL: accountsPath, Method: follow}},
	})
}

func newAccountsView(asked url.Values, page registry.AccountPage) accountsView {
	v := accountsView{Filter: newFilterView(asked)}
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
		Status: newStatusView(a.Status),
	}
}

func accountPath(id string) string { return accountsPath + "/" + url.PathEscape(id) }

// statusesOfAccounts leaves out what only a seller can be.
func statusesOfAccounts() []account.Status { return account.Statuses()[1:] }
