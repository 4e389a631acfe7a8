package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

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
	// Text is searched for in the seller's id, the account's id and the name; case does not matter.
	Text          string
	DueBefore     *time.Time
	CheckedBefore *time.Time // or never checked
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
}

// sorts is the closed set of orders. Each expression is never null, so that a cursor can continue it; the account's id
// settles what is equal.
var sorts = map[string]struct{ expr, typ string }{
	"id":            {"a.id", "text"},
	"seller_id":     {"a.seller_id", "text"},
	"display_name":  {"coalesce(a.display_name, '')", "text"},
	"status":        {"a.status", "text"},
	"connected_at":  {"a.connected_at", moment},
	"checked_at":    {"coalesce(a.checked_at, '-infinity')", moment},
	"next_check_at": {"coalesce(a.next_check_at, 'infinity')", moment},
}

// moment is the type of a sort by time. Its keys are written in UTC, whatever the session's time zone.
const moment = "timestamp at time zone 'UTC'"

// Accounts lists accounts. What is wrong with the query is an account.Error that names the field.
func (r *Registry) Accounts(ctx context.Context, q AccountQuery) (AccountPage, error) {
	if err := q.normalize(); err != nil {
		return AccountPage{}, err
	}
	sql, args, err := q.build()
	if err != nil {
		return AccountPage{}, err
	}
	rows, err := r.pool.Query(ctx, sql, args...)
	if err != nil {
		return AccountPage{}, fmt.Errorf("list accounts: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[keyedAccount])
	if err != nil {
		return AccountPage{}, fmt.Errorf("list accounts: %w", err)
	}
	if len(found) == 0 {
		_, err := r.Position(ctx) // that there are none is told too
		return AccountPage{Accounts: []client.Account{}}, err
	}
	r.Reach(found[0].Place)
	return q.page(found)
}

var accountColumns = columnsOf[db.Account]()

type keyedAccount struct {
	db.Account
	Key string
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
	if !storableText(q.Country) {
		return account.InvalidField("country", "a country is two letters")
	}
	if !storableText(q.Text) {
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

// storableText reports whether Postgres can take s as text.
func storableText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// build makes the one query that is not generated: a choice of fixed fragments, every value a parameter.
func (q *AccountQuery) build() (string, []any, error) {
	var where []string
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	if q.Status != "" {
		where = append(where, "a.status = "+arg(q.Status))
	}
	if q.CanTransact != nil {
		where = append(where, "a.can_transact = "+arg(*q.CanTransact))
	}
	if q.Country != "" {
		where = append(where, "a.country = "+arg(q.Country))
	}
	if q.Text != "" {
		p := arg("%" + likeEscape.Replace(q.Text) + "%")
		where = append(where, fmt.Sprintf("(a.seller_id ilike %[1]s or a.id ilike %[1]s or a.display_name ilike %[1]s)", p))
	}
	if q.DueBefore != nil {
		where = append(where, "a.next_check_at < "+arg(*q.DueBefore))
	}
	if q.CheckedBefore != nil {
		where = append(where, "(a.checked_at is null or a.checked_at < "+arg(*q.CheckedBefore)+")")
	}
	by, direction, compare := sorts[strings.TrimPrefix(q.Sort, "-")], "asc", ">"
	if strings.HasPrefix(q.Sort, "-") {
		direction, compare = "desc", "<"
	}
	if q.Cursor != "" {
		c, err := decodeCursor(q.Cursor, q.Sort)
		if err != nil {
			return "", nil, err
		}
		where = append(where, fmt.Sprintf("(%s, a.id) %s (%s::text::%s, %s)", by.expr, compare, arg(c.Key), by.typ, arg(c.ID)))
	}
	key := by.expr
	if by.typ == moment {
		key = fmt.Sprintf("(%s at time zone 'UTC')", by.expr)
	}
	sql := fmt.Sprintf("select %s, %s::text, (select epoch from feed), (select position from feed) from accounts a", accountColumns, key)
	if len(where) > 0 {
		sql += " where " + strings.Join(where, " and ")
	}
	sql += fmt.Sprintf(" order by %s %s, a.id %s limit %s", by.expr, direction, direction, arg(q.Limit+1))
	return sql, args, nil
}

var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// page cuts off the row too many that shows that there is a next page.
func (q *AccountQuery) page(found []keyedAccount) (AccountPage, error) {
	p := AccountPage{Accounts: make([]client.Account, 0, len(found))}
	if len(found) > q.Limit {
		found = found[:q.Limit]
		last := found[len(found)-1]
		p.NextCursor = encodeCursor(cursor{Sort: q.Sort, Key: last.Key, ID: last.ID})
	}
	for _, row := range found {
		a, err := accountToWire(row.Account)
		if err != nil {
			return AccountPage{}, err
		}
		p.Accounts = append(p.Accounts, a)
	}
	return p, nil
}
