package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/account"
)

// build makes a query that is not generated: a choice of fixed fragments, every value a parameter. few are the accounts that have
// the text, nil where there is none or too many have it.
//
// A list is the union of ranges, one for each status of those who can, or can't, transact, which Postgres merges in the order of
// the index that they share: it reads the rows of the page and one more of each range, whatever the filter.
func (q *AccountQuery) build(few []string) (string, []any, error) {
	c := &conditions{}
	q.addFilters(c, few)
	by, order := q.order()
	key := by.expr
	if by.typ == moment {
		key = fmt.Sprintf("(%s at time zone 'UTC')", by.expr)
	}
	limit := c.arg(q.Limit + 1)
	ranges, err := q.ranges(c, few)
	if err != nil {
		return "", nil, err
	}
	for i, in := range ranges {
		ranges[i] = fmt.Sprintf("(select a.*, %s::text as key, %s as sort from accounts a where %s order by %s, %s limit %s)",
			key, by.expr, strings.Join(append([]string{in}, c.fragments...), " and "), by.expr+order, "a.id"+order, limit)
	}
	sql := fmt.Sprintf("select %s, key, (select epoch from feed), (select position from feed) from (%s) a order by sort%s, id%s limit %s",
		accountColumns, strings.Join(ranges, " union all "), order, order, limit)
	return sql, c.args, nil
}

// ranges are the conditions on status and can_transact. Where few accounts come into question, or the order is indexed over all,
// there is one for all.
func (q *AccountQuery) ranges(c *conditions, few []string) ([]string, error) {
	statuses, able := q.verdicts()
	if q.isOne(few) {
		one := fmt.Sprintf("a.status = any(%s) and a.can_transact = any(%s)", c.arg(statuses), c.arg(able))
		after, err := q.after(c, "a.status")
		return []string{one + after}, err
	}
	var ranges []string
	for _, text := range statuses {
		status := c.arg(text)
		after, err := q.after(c, status+"::text")
		if err != nil {
			return nil, err
		}
		for _, can := range able {
			ranges = append(ranges, fmt.Sprintf("a.status = %s and a.can_transact = %s%s", status, c.arg(can), after))
		}
	}
	return ranges, nil
}

// isOne reports whether the list is read as one range.
func (q *AccountQuery) isOne(few []string) bool {
	by, _ := q.order()
	return few != nil || by.indexed == overAll
}

// verdicts are what the status and can_transact of the accounts may be.
func (q *AccountQuery) verdicts() (statuses []string, able []bool) {
	statuses, able = []string{q.Status}, []bool{true, false}
	if q.Status == "" {
		statuses = nil
		for _, status := range account.Statuses()[1:] { // no account is not_connected
			statuses = append(statuses, string(status))
		}
	}
	if q.CanTransact != nil {
		able = []bool{*q.CanTransact}
	}
	return statuses, able
}

func (q *AccountQuery) order() (by struct{ expr, typ, indexed string }, order string) {
	if name, descending := strings.CutPrefix(q.Sort, "-"); descending {
		return sorts[name], " desc"
	}
	return sorts[q.Sort], " asc"
}

// addFilters writes the conditions as the indexes have them.
func (q *AccountQuery) addFilters(c *conditions, few []string) {
	switch {
	case few != nil:
		c.add("a.id = any(%s)", few)
	case q.Text != "":
		// A look at each account's words: Postgres can't turn it into a search for them, and expects it to hold of every other
		// account, so that it walks in the list's order.
		c.add("(select w.words like lower(%s) from account_words w where w.account_id = a.id)", wordsLike(q.Text))
	}
	if q.Country != "" {
		c.add("a.country = %s", q.Country)
	}
	if q.DueBefore != nil {
		c.add("coalesce(a.next_check_at, 'infinity') < %s", *q.DueBefore)
	}
	if q.CheckedBefore != nil {
		c.add("coalesce(a.checked_at, '-infinity') < %s", *q.CheckedBefore)
	}
	if q.AtRiskBefore != nil {
		c.add("coalesce(a.at_risk_at, 'infinity') < %s", *q.AtRiskBefore)
	}
}

// after is the condition that a range goes on after the cursor. In the order of statuses a range is one status: Postgres knows
// before it looks whether all of it comes after, or none.
func (q *AccountQuery) after(c *conditions, status string) (string, error) {
	if q.Cursor == "" {
		return "", nil
	}
	after, err := decodeCursor(q.Cursor, q.Sort)
	if err != nil {
		return "", err
	}
	by, order := q.order()
	compare := map[string]string{" asc": ">", " desc": "<"}[order]
	key, id := fmt.Sprintf("%s::text::%s", c.arg(after.Key), by.typ), c.arg(after.ID)
	if by == sorts["status"] {
		return fmt.Sprintf(" and (%[1]s %[2]s %[3]s or %[1]s = %[3]s and a.id %[2]s %[4]s)", status, compare, key, id), nil
	}
	return fmt.Sprintf(" and (%s, a.id) %s (%s, %s)", by.expr, compare, key, id), nil
}

// fewAccounts is up to how many are looked at one by one: in 10 ms, as long as it takes to find fifty among so many of a million
// in the order of a list.
const fewAccounts = 5000

// accountsWith are the accounts that have the text; nil where more than a few have it.
func (r *Registry) accountsWith(ctx context.Context, text string) ([]string, error) {
	rows, _ := r.pool.Query(ctx, `select account_id from account_words where words like lower($1) limit $2`,
		pgx.QueryExecModeExec, wordsLike(text), fewAccounts+1) // CollectRows has its error
	found, err := pgx.AppendRows([]string{}, rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("search accounts: %w", err)
	}
	if len(found) > fewAccounts {
		return nil, nil
	}
	return slices.Clip(found), nil
}

// indexed is how long a text is, in characters, from which the index finds it anywhere: it is of three characters each
// (postgresql.org/docs/current/pgtrgm.html).
const indexed = 3

func wordsLike(text string) string {
	escaped := likeEscape.Replace(text)
	if utf8.RuneCountInString(text) < indexed {
		return "% " + escaped + "%"
	}
	return "%" + escaped + "%"
}

var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
