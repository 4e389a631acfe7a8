package onboarding

import (
	"context"
	"fmt"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/db"
)

// Attempt is an exchange that was begun and of which nobody knows how it ended: connectd was cut off in the middle, or
// Stripe gave no answer. Its seller has to connect again, unless the answer was kept.
type Attempt struct {
	SellerID string
	BeganAt  time.Time
	// AccountID is the account, where Stripe's answer was kept and the connection could not be stored yet: Tick does that.
	// Else it is "".
	AccountID string
}

const (
	mostAttempts  = 100
	attemptsShown = 30 * 24 * time.Hour
)

// Unfinished lists the newest attempts of the last 30 days that are unfinished at now, at most 100 of them.
func Unfinished(ctx context.Context, q *db.Queries, now time.Time) ([]Attempt, error) {
	rows, err := q.UnfinishedCodes(ctx, db.UnfinishedCodesParams{
		After: now.Add(-attemptsShown), Before: now.Add(-waitForAnswer), N: mostAttempts,
	})
	if err != nil {
		return nil, fmt.Errorf("read unfinished exchanges: %w", err)
	}
	attempts := make([]Attempt, len(rows))
	for i, row := range rows {
		attempts[i] = Attempt{SellerID: row.SellerID, BeganAt: row.CreatedAt, AccountID: client.Text(row.AccountID)}
	}
	return attempts, nil
}
