package registry

import (
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
)

// CheckedWithin reports whether the seller's account was checked no longer than maxAge ago, by this process's clock. A check
// that is ahead of it by more than that proves nothing, and no check is recent enough for 0.
func (r *Registry) CheckedWithin(ready client.Readiness, maxAge time.Duration) bool {
	return maxAge > 0 && ready.CheckedAt != nil && r.cfg.Now().Sub(*ready.CheckedAt).Abs() <= maxAge
}

// Unconfirmed is the readiness for who wants it fresher than it is known: no yes is made of that.
func Unconfirmed(ready client.Readiness) client.Readiness {
	ready.CanTransact = false
	ready.Reasons = append([]client.Reason{{
		Code: string(account.CodeNotConfirmed), Who: string(account.Platform),
		Message: "Stripe could not be asked in time, and what was known last is older than was asked for.",
	}}, ready.Reasons...)
	return ready
}
