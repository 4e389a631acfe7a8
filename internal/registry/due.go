package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/db"
)

// Claim is a due account that the caller has taken to retrieve it. It returns by itself when it ends.
type Claim struct {
	AccountID string
	Revision  int64 // for the Retrieval
	Failures  int32 // checks that failed in a row
	DueAt     time.Time
	Ends      time.Time
}

// ClaimDue takes at most n accounts that are due at now, for as long as lasts.
func (r *Registry) ClaimDue(ctx context.Context, now time.Time, lasts time.Duration, n int) ([]Claim, error) {
	return r.ClaimDueSince(ctx, time.Time{}, now, lasts, n)
}

// ClaimDueSince is ClaimDue of those whose turn came after since: they fell due by then, or somebody wished a check by then.
func (r *Registry) ClaimDueSince(ctx context.Context, since, now time.Time, lasts time.Duration, n int) ([]Claim, error) {
	ends := now.Add(lasts)
	rows, err := r.q.ClaimDueAccounts(ctx, db.ClaimDueAccountsParams{After: since, At: now, Until: ends, Batch: int32(n)})
	if err != nil {
		return nil, fmt.Errorf("claim due accounts: %w", err)
	}
	claims := make([]Claim, 0, len(rows))
	for _, row := range rows {
		claims = append(claims, Claim{
			AccountID: row.ID, Revision: row.Revision, Failures: row.CheckFailures, DueAt: *row.NextCheckAt, Ends: ends,
		})
	}
	return claims, nil
}

// Unclaim gives claims of one ClaimDue back that were not used.
func (r *Registry) Unclaim(ctx context.Context, claims []Claim) error {
	if len(claims) == 0 {
		return nil
	}
	ids := make([]string, len(claims))
	for i, c := range claims {
		ids[i] = c.AccountID
	}
	if err := r.q.Unclaim(ctx, db.UnclaimParams{Ids: ids, Ends: claims[0].Ends}); err != nil {
		return fmt.Errorf("give claims back: %w", err)
	}
	return nil
}

// NextClaimEnd is when the next claim ends, or wait after a failure, that nobody has taken up; ok is false where there is none.
func (r *Registry) NextClaimEnd(ctx context.Context) (at time.Time, ok bool, err error) {
	at, err = r.q.NextClaimEnd(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return at, false, nil
	}
	if err != nil {
		return at, false, fmt.Errorf("read when the next claim ends: %w", err)
	}
	return at, true, nil
}

const recallStep = 1000 // accounts in one statement

// Recall takes back what a clock that was ahead has put off, or RecheckEvery where it was longer: no account is left alone
// beyond RecheckEvery from now, or claimed for longer than a wait may be.
func (r *Registry) Recall(ctx context.Context, now time.Time, longestWait time.Duration) error {
	params := db.RecallParams{At: now, LatestCheck: now.Add(r.cfg.RecheckEvery), LatestClaim: now.Add(longestWait), N: recallStep}
	for {
		n, err := r.q.Recall(ctx, params)
		if err != nil {
			return fmt.Errorf("recall accounts that were put off too far: %w", err)
		}
		if n > 0 {
			r.cfg.Logger.Warn("accounts were put off too far, by a clock that was ahead or a longer CONNECTD_RECHECK_EVERY", "accounts", n)
		}
		if n < recallStep {
			return nil
		}
	}
}

// CheckFailed records that a check failed. The account is due, whoever asked for the check, and is held back until then,
// unless something was learnt of it, or asked, since the check was sent.
func (r *Registry) CheckFailed(ctx context.Context, asked Retrieval, cause error, until time.Time) error {
	err := r.q.RecordCheckFailure(ctx, db.RecordCheckFailureParams{
		ID: asked.AccountID, Revision: asked.Revision, Error: cause.Error(), At: r.now(), Until: until,
	})
	if err != nil {
		return fmt.Errorf("record the failed check of account %s: %w", asked.AccountID, err)
	}
	r.wake() // whoever waits has a sooner end to wait for
	return nil
}

// Wish makes an account due at once, for whoever asks for a check now, and throws away what is being retrieved of it.
func (r *Registry) Wish(ctx context.Context, accountID string) error {
	if err := r.q.WishCheck(ctx, db.WishCheckParams{ID: accountID, At: r.now()}); err != nil {
		return fmt.Errorf("make account %s due: %w", accountID, err)
	}
	return nil
}

// MakeDue is a wish of nobody who checks the account now: those who check the accounts that are due are woken.
func (r *Registry) MakeDue(ctx context.Context, accountID string) error {
	if err := r.Wish(ctx, accountID); err != nil {
		return err
	}
	r.wake()
	return nil
}

// HoldBack makes an account due but not to be taken before until; no failure is counted.
func (r *Registry) HoldBack(ctx context.Context, accountID string, until time.Time) error {
	if err := r.q.HoldBack(ctx, db.HoldBackParams{ID: accountID, At: r.now(), Until: until}); err != nil {
		return fmt.Errorf("hold account %s back: %w", accountID, err)
	}
	r.wake()
	return nil
}
