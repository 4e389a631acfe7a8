package registry

import (
	"context"
	"fmt"
	"strings"

	"github.com/connectd/connectd/internal/account"
)

// listSQL makes a query that is not generated: a choice of fixed fragments, every value a parameter. A text is searched for first:
// where few accounts have it the list is made of these, else its order is walked.
func (r *Registry) listSQL(ctx context.Context, q *AccountQuery) (string, []any, error) {
	c := &conditions{}
	q.addFilters(c)
	statement := q.list
	if q.Text != "" {
		few, err := r.accountsWith(ctx, q.Text)
		if err != nil {
			return "", nil, err
		}
		statement = q.walk
		if few != nil {
			c.add("a.id = any(%s)", few)
			statement = q.listOfFew
		}
	}
	sql, err := statement(c)
	return sql, c.args, err
}

// list reads the rows of the page and one more of each range, whatever the filter.
func (q *AccountQuery) list(c *conditions) (string, error) {
	ranges, err := q.eachVerdict(c)
	return q.listOf(ranges, c), err
}

func (q *AccountQuery) listOfFew(c *conditions) (string, error) {
	ranges, err := q.anyVerdict(c)
	return q.listOf(ranges, c), err
}

func (q *AccountQuery) listOf(ranges []string, c *conditions) string {
	return fmt.Sprintf("select %s, key, true, false, %s from (%s) a %s",
		accountColumns, placeNow, q.merged(accountColumns, ranges, q.Limit+1, c), q.orderBy("id"))
}

// walk looks at the list's accounts one by one, until the page is full or enough were looked at: the last of these is then among
// its rows.
func (q *AccountQuery) walk(c *conditions) (string, error) {
	ranges, err := q.eachVerdict(c)
	if err != nil {
		return "", err
	}
	merged := q.merged("a.id", ranges, q.mostSearched(), c)
	return fmt.Sprintf(`select %s, key, fits, ends, %s from (
			select *, coalesce((select w.words like lower(%s) from account_words w where w.account_id = m.walked), false) as fits,
				row_number() over (%s) = %s as ends
			from (%s) m (walked, key, sort)
		) m join accounts a on a.id = walked where fits or ends %s limit %s`,
		accountColumns, placeNow, c.arg(wordsLike(q.Text)), q.orderBy("walked"), c.arg(q.mostSearched()), merged,
		q.orderBy("walked"), c.arg(q.Limit+1)), nil
}

// placeNow is as of when a statement answers.
const placeNow = "(select epoch from feed), (select position from feed)"

// merged is the union of ranges, which Postgres merges in the order of the index that they share.
func (q *AccountQuery) merged(columns string, ranges []string, most int, c *conditions) string {
	by, order := q.order()
	key := by.expr
	if by.typ == moment {
		key = fmt.Sprintf("(%s at time zone 'UTC')", by.expr)
	}
	limit := c.arg(most)
	parts := make([]string, len(ranges))
	for i, in := range ranges {
		parts[i] = fmt.Sprintf("(select %s, %s::text as key, %s as sort from accounts a where %s order by %s, a.id%s limit %s)",
			columns, key, by.expr, strings.Join(append([]string{in}, c.fragments...), " and "), by.index+order, order, limit)
	}
	return fmt.Sprintf("select * from (%s) u %s limit %s", strings.Join(parts, " union all "), q.orderBy("id"), limit)
}

func (q *AccountQuery) orderBy(id string) string {
	_, order := q.order()
	return fmt.Sprintf("order by sort%s, %s%s", order, id, order)
}

// eachVerdict are the ranges of a list, one for each status of those who can, or can't, transact.
func (q *AccountQuery) eachVerdict(c *conditions) ([]string, error) {
	var ranges []string
	statuses, able := q.verdicts()
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

// anyVerdict is one range for all.
func (q *AccountQuery) anyVerdict(c *conditions) ([]string, error) {
	statuses, able := q.verdicts()
	one := fmt.Sprintf("a.status = any(%s) and a.can_transact = any(%s)", c.arg(statuses), c.arg(able))
	after, err := q.after(c, "a.status")
	return []string{one + after}, err
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

func (q *AccountQuery) order() (by sort, order string) {
	if name, descending := strings.CutPrefix(q.Sort, "-"); descending {
		return sorts[name], " desc"
	}
	return sorts[q.Sort], " asc"
}

// addFilters writes the conditions as the indexes have them.
func (q *AccountQuery) addFilters(c *conditions) {
	if q.Country != "" {
		c.add("left(a.country, 200) = left(%s, 200)", q.Country)
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
		return fmt.Sprintf(" and (%[1]s %[2]s %[3]s or %[1]s = %[3]s and (%[5]s, a.id) %[2]s (%[4]s, %[4]s))",
			status, compare, key, id, by.index), nil
	}
	return fmt.Sprintf(" and (%s, a.id) %s (%s, %s)", by.expr, compare, key, id), nil
}
