package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// AccountQuery asks for a page of accounts. Its zero value asks for the first page of all, those connected last first.
type AccountQuery struct {
	Status      string // one of account.Statuses
	CanTransact *bool
	Country     string
	// Text is searched for in the seller's id, the account's id, the name and the seller's e-mail address; case does not
	// matter. One or two characters are searched for where a word of these begins after a space.
	Text          string
	DueBefore     *time.Time // due for a check
	CheckedBefore *time.Time // or never checked
	AtRiskBefore  *time.Time
	// Sort is one of Sorts, with a "-" before it for descending.
	Sort string
	// Limit is 1 to MaxPage; 0 means 50.
	Limit  int
	Cursor string // of the page before
}

// MaxPage bounds a page's length.
const MaxPage = 1000

// AccountPage is one page; NextCursor is "" at the end.
type AccountPage struct {
	Accounts   []client.Account
	NextCursor string
	// Searched is how many accounts were looked at for a text that many have, where that ended before the page was full: the
	// page holds those that have the text, and the next one goes on behind them. Else 0.
	Searched int
}

// sort is an order of accounts, in which an index lists them within each status.
type sort struct {
	expr  string // by what; never null, so that a cursor can continue it. The account's id settles what is equal
	index string // the same within a status, as the index has it
	typ   string
}

// byID is the id, which is never longer.
const byID = "left(a.id, 255)"

// sorts is the closed set of orders.
var sorts = map[string]sort{
	"id":            by(byID, "text"),
	"seller_id":     by("a.seller_id", "text"),
	"display_name":  by("left(coalesce(a.display_name, ''), 200)", "text"),
	"status":        {expr: "a.status", index: byID, typ: "text"},
	"connected_at":  by("a.connected_at", moment),
	"checked_at":    by("coalesce(a.checked_at, '-infinity')", moment),
	"next_check_at": by("coalesce(a.next_check_at, 'infinity')", moment),
	"at_risk_at":    by("coalesce(a.at_risk_at, 'infinity')", moment),
}

func by(expr, typ string) sort { return sort{expr: expr, index: expr, typ: typ} }

// moment is the type of a sort by time. Its keys are written in UTC, whatever the session's time zone.
const moment = "timestamp at time zone 'UTC'"

// Accounts lists accounts. What is wrong with the query is an account.Error that names the field.
func (r *Registry) Accounts(ctx context.Context, q AccountQuery) (AccountPage, error) {
	if err := q.normalize(); err != nil {
		return AccountPage{}, err
	}
	found, err := r.find(ctx, &q)
	if err != nil {
		return AccountPage{}, err
	}
	if len(found) == 0 {
		_, err := r.Position(ctx) // that there are none is told too
		return AccountPage{Accounts: []client.Account{}}, err
	}
	r.Reach(found[0].Place)
	return q.page(found)
}

func (r *Registry) find(ctx context.Context, q *AccountQuery) ([]keyedAccount, error) {
	sql, args, err := r.listSQL(ctx, q)
	if err != nil {
		return nil, err
	}
	// Planned anew each time: which index is best depends on the values.
	rows, _ := r.pool.Query(ctx, sql, append([]any{pgx.QueryExecModeExec}, args...)...) // CollectRows has its error
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[keyedAccount])
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return found, nil
}

var accountColumns = columnsOf[db.Account]()

type keyedAccount struct {
	db.Account
	Key string
	// Fits is false of the account at which a search has ended, where that lacks the text; Ends is true of it.
	Fits, Ends bool
	Place
}

func (q *AccountQuery) normalize() error {
	if q.Sort == "" {
		q.Sort = "-connected_at"
	}
	if _, ok := sorts[strings.TrimPrefix(q.Sort, "-")]; !ok {
		return account.InvalidField("sort", "accounts can't be sorted by %q", q.Sort)
	}
	if q.Status != "" && !slices.Contains(account.Statuses(), account.Status(q.Status)) {
		return account.InvalidField("status", "there is no status %q", q.Status)
	}
	if !account.IsText(q.Country) {
		return account.InvalidField("country", "a country is two letters")
	}
	if !account.IsText(q.Text) {
		return account.InvalidField("q", "the text is no UTF-8, or holds a NUL")
	}
	if q.Limit == 0 {
		q.Limit = 50
	}
	if q.Limit < 1 || q.Limit > MaxPage {
		return account.InvalidField("limit", "a page has 1 to %d accounts", MaxPage)
	}
	return nil
}

// page cuts off the row too many that shows that there is a next page.
func (q *AccountQuery) page(found []keyedAccount) (AccountPage, error) {
	p := AccountPage{}
	if last := found[len(found)-1]; last.Ends && len(found) <= q.Limit {
		p.Searched, p.NextCursor = q.mostSearched(), q.cursorAt(last)
	}
	if len(found) > q.Limit {
		found = found[:q.Limit]
		p.NextCursor = q.cursorAt(found[q.Limit-1])
	}
	var err error
	p.Accounts, err = accountsOf(found)
	return p, err
}

func (q *AccountQuery) cursorAt(row keyedAccount) string {
	return encodeCursor(cursor{Sort: q.Sort, Key: row.Key, ID: row.ID})
}

func accountsOf(found []keyedAccount) ([]client.Account, error) {
	accounts := make([]client.Account, 0, len(found))
	for _, row := range found {
		if !row.Fits {
			continue
		}
		a, err := accountToWire(row.Account)
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, a)
	}
	return accounts, nil
}
