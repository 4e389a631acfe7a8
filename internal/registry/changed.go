package registry

import (
	"context"
	"fmt"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/db"
)

// LastChange is the position of the last change of any account, 0 before the first. Checks that only confirm do not move it.
func (r *Registry) LastChange(ctx context.Context) (int64, error) {
	position, err := r.q.LastChange(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the last change's position: %w", err)
	}
	return position, nil
}

// ChangedAccounts are those of the given accounts that have changed, or were checked, after a position, in no order. A caller
// that asks again does so with the Position from before this call, so that nothing is missed in between.
func (r *Registry) ChangedAccounts(ctx context.Context, since int64, ids []string) ([]client.Account, error) {
	rows, err := r.q.ChangedAccounts(ctx, db.ChangedAccountsParams{Since: since, Ids: ids})
	if err != nil {
		return nil, fmt.Errorf("read accounts that have changed: %w", err)
	}
	changed := make([]client.Account, len(rows))
	for i, row := range rows {
		if changed[i], err = accountToWire(row); err != nil {
			return nil, err
		}
	}
	return changed, nil
}
