package registry

import (
	"context"

	"github.com/connectd/connectd/client"
)

// EachAccount calls each for the pages of a list, from the query's cursor to its end, and ends where each fails. Each page is as
// it is when it is read, and no transaction stays open in between: an account whose place in the order changes meanwhile may
// come twice, or not at all.
func (r *Registry) EachAccount(ctx context.Context, q AccountQuery, each func([]client.Account) error) error {
	q.Limit = MaxPage
	for {
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
