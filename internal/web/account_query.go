package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// accountFilters are the query's names, those of GET /v1/accounts, and the choice of columns; the cursor is beside them.
var accountFilters = []string{"q", "status", "can_transact", "country", "due_before", "checked_before", "at_risk_before", "sort", "limit", "columns"}

// readAccountQuery reads the table's address. What is wrong is an account.Error that names the field; registry holds the
// rest to its bounds.
func readAccountQuery(asked url.Values) (registry.AccountQuery, error) {
	for _, name := range append(accountFilters, "cursor") {
		if !account.IsText(asked.Get(name)) {
			return registry.AccountQuery{}, account.InvalidField(name, "The value of %s is not text.", name)
		}
	}
	q := registry.AccountQuery{
		Text: strings.TrimSpace(asked.Get("q")), Status: asked.Get("status"), Country: strings.ToUpper(asked.Get("country")),
		Sort: asked.Get("sort"), Cursor: asked.Get("cursor"),
	}
	if q.Status != "" && !slices.Contains(account.Statuses(), account.Status(q.Status)) {
		return q, account.InvalidField("status", "There is no status %q.", q.Status)
	}
	var err error
	if q.CanTransact, err = readBool(asked, "can_transact"); err != nil {
		return q, err
	}
	if q.DueBefore, err = readTime(asked, "due_before"); err != nil {
		return q, err
	}
	if q.CheckedBefore, err = readTime(asked, "checked_before"); err != nil {
		return q, err
	}
	if q.AtRiskBefore, err = readTime(asked, "at_risk_before"); err != nil {
		return q, err
	}
	q.Limit, err = readLimit(asked)
	return q, err
}

func readBool(asked url.Values, name string) (*bool, error) {
	switch text := asked.Get(name); text {
	case "":
		return nil, nil
	case "true", "false":
		b := text == "true"
		return &b, nil
	default:
		return nil, account.InvalidField(name, "%s is true or false, not %q.", name, text)
	}
}

func readTime(asked url.Values, name string) (*time.Time, error) {
	text := asked.Get(name)
	if text == "" {
		return nil, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, account.InvalidField(name, "%s is a time like 2026-03-01T12:00:00Z, not %q.", name, text)
	}
	return &t, nil
}

func readLimit(asked url.Values) (int, error) {
	text := asked.Get("limit")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > registry.MaxPage {
		return 0, account.InvalidField("limit", "limit is 1 to %d, not %q.", registry.MaxPage, text)
	}
	return n, nil
}

// accountsURL is the same view of the table, from a cursor on.
func accountsURL(asked url.Values, cursor string) string {
	query := viewOf(asked)
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	return addressOf(query)
}

// addressWith is the first page of the same view but for one parameter; "" takes that out.
func addressWith(asked url.Values, name, value string) string {
	query := viewOf(asked)
	query.Del(name)
	if value != "" {
		query.Set(name, value)
	}
	return addressOf(query)
}

// viewOf is what of the address says which view it is, in its shortest form.
func viewOf(asked url.Values) url.Values {
	view := url.Values{}
	for _, name := range accountFilters {
		text := asked.Get(name)
		if name == "columns" {
			text = strings.Join(asked[name], ",")
		}
		if text != "" {
			view.Set(name, text)
		}
	}
	if view.Get("columns") == defaultColumns {
		view.Del("columns")
	}
	return view
}

// addressOf leaves commas as they are: the address is for people, too.
func addressOf(query url.Values) string {
	if len(query) == 0 {
		return accountsPath
	}
	return accountsPath + "?" + strings.ReplaceAll(query.Encode(), "%2C", ",")
}
