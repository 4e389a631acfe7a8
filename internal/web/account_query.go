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

// accountParams are the table's parameters, those of GET /v1/accounts, and the choice of columns.
var accountParams = []string{
	"q", "status", "can_transact", "country", "due_before", "checked_before", "at_risk_before", "sort", "limit", "columns", cursorParam,
}

// accountFilters are those of them that leave accounts out.
var accountFilters = []string{"q", "status", "can_transact", "country", "due_before", "checked_before", "at_risk_before"}

// readAccountQuery reads the table's address. What is wrong is an account.Error that names the field; registry holds the
// rest to its bounds.
func readAccountQuery(asked url.Values) (registry.AccountQuery, error) {
	if _, err := readView(accountsPath, asked, accountParams...); err != nil {
		return registry.AccountQuery{}, err
	}
	q := registry.AccountQuery{
		Text: strings.TrimSpace(asked.Get("q")), Status: asked.Get("status"), Country: strings.ToUpper(asked.Get("country")),
		Sort: asked.Get("sort"), Cursor: asked.Get(cursorParam),
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

// accountsAt is the view of the table that was asked for, in its shortest form.
func accountsAt(asked url.Values) address {
	chosen := strings.Join(asked["columns"], ",")
	if chosen == defaultColumns {
		chosen = ""
	}
	return viewAt(accountsPath, asked, accountParams...).with("columns", chosen)
}

// accountsLike is the table of the accounts that a text finds.
func accountsLike(text string) string { return pageAt(accountsPath).with("q", text).String() }
