package stripeapi

import "context"

// Pacer decides when the scan's calls leave, and hears of all else that uses up the same limits. Budget is the one for all of
// a platform's processes.
type Pacer interface {
	// Wait returns when the scan's next call, which has to be a read, may leave.
	Wait(ctx context.Context) error
	// Charge hears of a call that leaves at once. It does not wait.
	Charge(call Call)
	// Heed hears why a call, the scan's or not, has failed. It does not wait.
	Heed(err *Error)
}

// Call is a call to Stripe.
type Call struct {
	Method, Path string
}

// unpaced is the pacer of those who make few calls, all for people.
type unpaced struct{}

func (unpaced) Wait(ctx context.Context) error { return ctx.Err() }
func (unpaced) Charge(Call)                    {}
func (unpaced) Heed(*Error)                    {}
