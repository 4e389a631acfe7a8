package onboarding

import (
	"context"
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/db"
)

// Restored ends the states that nobody has come back with in a dump that the database was restored from: somebody may have since,
// and the code that it was for, of which the dump knows nothing, must not be presented a second time.
func Restored(ctx context.Context, q *db.Queries, now time.Time) error {
	if err := q.EndStates(ctx, now); err != nil {
		return fmt.Errorf("end open OAuth states: %w", err)
	}
	return nil
}
