package webhook

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
)

const tolerance = 5 * time.Minute // between the signature's time and ours (docs.stripe.com/webhooks#replay-attacks)

var errTooNew = errors.New("the signature's time is more than five minutes ahead of this machine's clock")

func (h *Handler) verify(body []byte, header string) error {
	err := errors.New("no signing secret is configured (STRIPE_ENDPOINT_SECRET)")
	for _, secret := range h.cfg.Secrets {
		if err = webhook.ValidatePayloadWithTolerance(body, header, secret, tolerance); err == nil {
			return checkNotAhead(header)
		}
	}
	return err
}

// checkNotAhead: stripe-go refuses only what is too old.
func checkNotAhead(header string) error {
	if time.Until(signedAt(header)) > tolerance {
		return errTooNew
	}
	return nil
}

// signedAt is the time in a header that stripe-go has taken; of several it takes the last.
func signedAt(header string) time.Time {
	var at int64
	for pair := range strings.SplitSeq(header, ",") {
		if seconds, isTime := strings.CutPrefix(pair, "t="); isTime {
			at, _ = strconv.ParseInt(seconds, 10, 64)
		}
	}
	return time.Unix(at, 0)
}
