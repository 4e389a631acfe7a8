package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/db"
)

const (
	// fewAccounts is up to how many that have a text are sorted; of more the list's order is walked. In a million either takes
	// some 30 ms at most.
	fewAccounts = 4000
	// mostWalked is at how many accounts a walk looks for a page; for longer ones twenty for each row.
	mostWalked    = 4000
	walkedForEach = 20
)

// mostSearched is at how many accounts the list's walk ends.
func (q *AccountQuery) mostSearched() int { return max(mostWalked, walkedForEach*q.Limit) }

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

// AccountMailed is the account of the one seller who has exactly this e-mail address, whatever others it is a part of; "" is none.
func (r *Registry) AccountMailed(ctx context.Context, email string) (string, error) {
	if !strings.Contains(email, "@") {
		return "", nil
	}
	mailed, err := r.q.AccountsMailed(ctx, db.AccountsMailedParams{Words: wordsLike(email), Email: email})
	if err != nil {
		return "", fmt.Errorf("look for an account by an e-mail address: %w", err)
	}
	if len(mailed) == 0 || slices.ContainsFunc(mailed, func(m db.AccountsMailedRow) bool { return m.SellerID != mailed[0].SellerID }) {
		return "", nil
	}
	return mailed[0].ID, nil
}
