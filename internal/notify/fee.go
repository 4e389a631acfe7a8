package notify

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

// feesOf are the application fees of those of the paid Checkouts that connectd made, by their sessions. Of others none is
// known.
func feesOf(ctx context.Context, tx pgx.Tx, notices []registry.Notice) (map[string]int64, error) {
	var sessions []string
	for _, n := range notices {
		if n.Type == CheckoutPaid {
			sessions = append(sessions, n.ID)
		}
	}
	if len(sessions) == 0 {
		return nil, nil
	}
	rows, err := db.New(tx).CheckoutFees(ctx, sessions)
	if err != nil {
		return nil, fmt.Errorf("read the fees of Checkout sessions: %w", err)
	}
	fees := make(map[string]int64, len(rows))
	for _, row := range rows {
		fees[row.SessionID] = row.ApplicationFeeAmount
	}
	return fees, nil
}
