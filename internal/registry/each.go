package registry

import (
	"context"

	"github.com/connectd/connectd/client"
)

// firstPage is short, so that whoever waits has something soon.
const firstPage = 50

// EachAccount calls each for the pages of a list, from the query's cursor to its end, and ends where each fails. Each page is as
// it is when it is read, and no transaction stays open in between: an account whose place in the order changes meanwhile may
// come twice, or not at all. A page may be empty.
func (r *Registry) EachAccount(ctx context.Context, q AccountQuery, each func([]client.Account) error) error {
	for q.Limit = firstPage; ; q.Limit = MaxPage {
		page, err := r.Accounts(ctx, q)
		if err != nil {
			return err
		}
		if err := each(page.Accounts); err != nil {
			return err
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			return nil
		}
	}
}
