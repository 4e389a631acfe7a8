package access

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/db"
)

const (
	attemptsAtOnce = 10          // wrong passwords from one address, after a quiet time
	attemptEvery   = time.Minute // and then; as sql/attempts.sql has it
)

// TooManyAttemptsError says that an address has given too many wrong passwords.
type TooManyAttemptsError struct {
	// RetryAfter is when the next is taken.
	RetryAfter time.Duration
}

func (e *TooManyAttemptsError) Error() string {
	return fmt.Sprintf("too many wrong passwords from this address; the next is taken in %s", e.RetryAfter)
}

// Attempts counts the wrong passwords of each address, for all replicas: each moves the time by which the address's count is
// clear again. It is safe for concurrent use.
type Attempts struct{ q *db.Queries }

// NewAttempts counts them in the database.
func NewAttempts(pool *pgxpool.Pool) *Attempts { return &Attempts{db.New(pool)} }

// take counts an attempt as a wrong one, or refuses it. It is given back where it was right, or was none.
func (a *Attempts) take(ctx context.Context, address string, now time.Time) error {
	latest := now.Add((attemptsAtOnce - 1) * attemptEvery)
	taken, err := a.q.TakeAttempt(ctx, db.TakeAttemptParams{Address: address, At: now, Latest: latest})
	if err != nil {
		return fmt.Errorf("count an attempt to sign in: %w", err)
	}
	if len(taken) > 0 {
		return a.forget(ctx, now)
	}
	clear, err := a.q.ClearAttempts(ctx, address)
	if err != nil {
		return fmt.Errorf("read how many attempts to sign in are counted: %w", err)
	}
	wait := attemptEvery
	if len(clear) > 0 {
		wait = max(clear[0].Sub(latest), time.Second) // one may have been given back in between
	}
	return &TooManyAttemptsError{RetryAfter: wait}
}

// forget keeps the table as small as the last minutes' attempts.
func (a *Attempts) forget(ctx context.Context, now time.Time) error {
	if err := a.q.ForgetAttempts(ctx, now); err != nil {
		return fmt.Errorf("forget attempts to sign in: %w", err)
	}
	return nil
}

// giveBack is done also for who has gone.
func (a *Attempts) giveBack(ctx context.Context, address string) error {
	if err := a.q.GiveBackAttempt(context.WithoutCancel(ctx), address); err != nil {
		return fmt.Errorf("give an attempt to sign in back: %w", err)
	}
	return nil
}
