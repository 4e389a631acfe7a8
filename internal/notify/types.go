package notify

// The types of events.
const (
	SellerConnected        = "seller.connected"
	SellerDisconnected     = "seller.disconnected"
	SellerReadinessChanged = "seller.readiness.changed"
	RequirementsDue        = "seller.requirements.due"

	// These are no change of an account.
	PayoutFailed = "seller.payout.failed"
	CheckoutPaid = "checkout.paid"
	ScanFinished = "scan.finished"
	Test         = "test" // sent when somebody asks for it
)

// Types are those that an endpoint may ask for.
func Types() []string {
	return []string{
		SellerConnected, SellerDisconnected, SellerReadinessChanged, RequirementsDue, PayoutFailed, CheckoutPaid, ScanFinished,
	}
}
