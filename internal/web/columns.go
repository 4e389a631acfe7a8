package web

import (
	"net/url"
	"slices"
	"strings"

	"github.com/connectd/connectd/internal/account"
)

// column is one of the account table's, named as the accounts' row is.
type column struct {
	Name  string
	Words string
	// Meaning is what the column says, for who does not know yet.
	Meaning string
	// Sort is the order that the column's head offers, of registry's; "" where none is.
	Sort string
}

// columns are all there are, as they stand in the table.
var columns = []column{
	{Name: "seller_id", Words: "Seller", Meaning: "The seller’s id, as your platform gave it.", Sort: "seller_id"},
	{Name: "id", Words: "Account", Meaning: "The account’s id at Stripe. It leads to the account’s page.", Sort: "id"},
	{Name: "display_name", Words: "Name", Meaning: "What the account is called at Stripe; empty where the seller has given no name.", Sort: "display_name"},
	{Name: "country", Words: "Country", Meaning: "The account’s country, as a code of two letters."},
	{Name: "charges_enabled", Words: "Charges", Meaning: "Whether the account can take payments."},
	{Name: "payouts_enabled", Words: "Payouts", Meaning: "Whether Stripe pays the seller’s balance out to their bank."},
	{Name: "details_submitted", Words: "Details", Meaning: "Whether the seller has given Stripe all that it asks for at the beginning."},
	{Name: "status", Words: "Status", Meaning: "How the account stands, in one word; the statuses are explained beside.", Sort: "status"},
	{Name: "requirements", Words: "Due", Meaning: "What Stripe needs of the seller now, or will by a set day, and by when."},
	{Name: "at_risk_at", Words: "At risk", Meaning: "The day on which a seller who can transact may lose that.", Sort: "at_risk_at"},
	{Name: "checked_at", Words: "Last checked", Meaning: "When connectd last asked Stripe itself; events tell what changes in between.", Sort: "checked_at"},
	{Name: "next_check_at", Words: "Next check", Meaning: "When connectd asks Stripe again, unless somebody does before.", Sort: "next_check_at"},
}

// defaultColumns are shown where the address chooses none.
const defaultColumns = "seller_id,id,display_name,country,charges_enabled,payouts_enabled,details_submitted,status"

// readColumns reads the columns that the address chooses, by commas or, as a form sends them, one by one. The account is
// always among them: its link opens the account's page.
func readColumns(asked url.Values) ([]column, error) {
	names := columnNames(asked)
	if len(names) == 0 {
		names = strings.Split(defaultColumns, ",")
	}
	for _, name := range names {
		if !slices.ContainsFunc(columns, func(c column) bool { return c.Name == name }) {
			return nil, account.InvalidField("columns", "There is no column %q.", name)
		}
	}
	var chosen []column
	for _, c := range columns {
		if c.Name == "id" || slices.Contains(names, c.Name) {
			chosen = append(chosen, c)
		}
	}
	return chosen, nil
}

func columnNames(asked url.Values) []string {
	names := strings.Split(strings.Join(asked["columns"], ","), ",")
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// head is a column's head: where its link leads, and how the table is sorted by it now.
type head struct {
	column
	URL     string // "": the table can't be sorted by it
	Order   string // as aria-sort says it: "ascending", "descending" or ""
	PickAll bool   // it holds the box that picks all rows
}

func newHeads(view address, chosen []column) []head {
	heads := make([]head, 0, len(chosen))
	for i, c := range chosen {
		heads = append(heads, newHead(view, c))
		heads[i].PickAll = i == 0
	}
	return heads
}

func newHead(view address, c column) head {
	h := head{column: c}
	if c.Sort == "" {
		return h
	}
	next := c.Sort
	switch view.get("sort") {
	case c.Sort:
		h.Order, next = "ascending", "-"+c.Sort
	case "-" + c.Sort:
		h.Order = "descending"
	}
	h.URL = view.with("sort", next).String()
	return h
}
