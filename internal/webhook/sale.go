package webhook

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

var (
	// keptOfPayout: which payout failed, and why; not to which bank account.
	keptOfPayout = []string{"id", "object", "amount", "currency", "failure_code"}

	// keptOfCheckout is what checkout.paid tells, and that it was paid; not who paid. The metadata are the platform's.
	keptOfCheckout = []string{
		"id", "object", "payment_status", "amount_total", "currency", "application_fee_amount", "client_reference_id", "metadata.*",
	}
)

// payoutFailed does not need to read the payout: that one failed is what is told.
func payoutFailed(e event) registry.Observation {
	return registry.Hinted(e.kept()).Telling(registry.Notice{Type: notify.PayoutFailed, ID: e.ID})
}

// checkoutSucceeded: a payment that takes days (a bank debit, say) completes its session unpaid and is told of by a second
// event once it has succeeded (docs.stripe.com/payments/checkout/fulfill-orders). Both may come paid: a session is told once.
func checkoutSucceeded(e event) registry.Observation {
	if e.Data.Object == nil {
		return registry.Unreadable(e.kept(), "the event has no Checkout session")
	}
	session, err := stripeapi.DecodeCheckoutSession(e.Data.Object)
	switch {
	case err != nil:
		return registry.Unreadable(e.kept(), fmt.Sprintf("the Checkout session could not be read: %v", err))
	case !isName(session.ID):
		return registry.Unreadable(e.kept(), "the Checkout session could not be read: its id is malformed")
	case session.PaymentStatus == "":
		return registry.Unreadable(e.kept(), "the Checkout session's payment_status could not be read: it may be paid")
	case session.PaymentStatus != stripeapi.Paid:
		return registry.Ignored(e.bare(), fmt.Sprintf("the session's payment_status is %q, not paid", session.PaymentStatus))
	case len(session.Unreadable) > 0:
		return registry.Unreadable(e.kept(), "a paid Checkout session could not be read: its "+strings.Join(session.Unreadable, ", "))
	}
	return paid(e, session)
}

// paid is told once and for good.
func paid(e event, session stripeapi.CheckoutSession) registry.Observation {
	told, err := json.Marshal(client.PaidCheckout{
		SessionID: session.ID, AmountTotal: session.AmountTotal, Currency: session.Currency,
		ApplicationFeeAmount: session.ApplicationFeeAmount, Metadata: session.Metadata, ClientReferenceID: session.ClientReferenceID,
	})
	if err != nil {
		return registry.Unreadable(e.kept(), fmt.Sprintf("the Checkout session could not be told: %v", err))
	}
	return registry.Noted(e.kept()).Telling(registry.Notice{Type: notify.CheckoutPaid, ID: session.ID, Data: told})
}
