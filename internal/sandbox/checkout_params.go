package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// maxLineItems is of a session in payment mode (docs.stripe.com/api/checkout/sessions/create#line_items).
const maxLineItems = 100

// maxQuantity is of a line item.
const maxQuantity = 999_999

// sessionFrom is a new session as the request wants it, priced.
func (tx *transaction) sessionFrom(req *apiRequest) (checkoutSession, error) {
	s := newSession(req.acting, tx.now)
	for _, step := range []func(*parameter) error{
		s.assignMode, s.assignURLs, refuseUncovered,
		func(form *parameter) error { return s.assignExpiry(form, tx.now) },
		func(*parameter) error { return tx.assignLines(req, &s) },
		s.assignRest,
		func(form *parameter) error { return s.assignPayment(form.field("payment_intent_data"), req) },
	} {
		if err := step(req.form); err != nil {
			return s, err
		}
	}
	return s, nil
}

// assignMode refuses what the sandbox can't carry through.
func (s *checkoutSession) assignMode(form *parameter) error {
	switch mode := form.value("mode"); mode {
	case "payment":
		return nil
	case "":
		return missingParameter("mode")
	default:
		return badRequest("", "mode", "The sandbox has Checkout in mode payment alone, not in mode %s.", mode)
	}
}

func (s *checkoutSession) assignURLs(form *parameter) error {
	if form.value("ui_mode") == "embedded" {
		s.Object.UIMode = "embedded"
		form.assignText("return_url", &s.Object.ReturnURL)
		s.Object.ClientSecret = pointerTo(s.Object.ID + "_secret_" + randomText(24))
		if s.Object.ReturnURL == nil && form.value("redirect_on_completion") != "never" {
			return missingParameter("return_url")
		}
		return nil
	}
	form.assignText("success_url", &s.Object.SuccessURL)
	form.assignText("cancel_url", &s.Object.CancelURL)
	if s.Object.SuccessURL == nil {
		return missingParameter("success_url")
	}
	for name, url := range map[string]*string{"success_url": s.Object.SuccessURL, "cancel_url": s.Object.CancelURL} {
		if url != nil && !isWebURL(*url) {
			return badRequest("url_invalid", name, "Not a valid URL")
		}
	}
	return nil
}

// refuseUncovered names what would change the sum, or would have to be there first, and is not in the sandbox.
func refuseUncovered(form *parameter) error {
	if id := form.value("customer"); id != "" {
		return noSuch(http.StatusBadRequest, "customer", "customer", id)
	}
	for _, name := range []string{"discounts", "shipping_options"} {
		if given := form.field(name); given != nil && len(given.list()) > 0 {
			return badRequest("", name, "The sandbox has no %s.", name)
		}
	}
	return nil
}

// assignExpiry takes 30 minutes to 24 hours from now (docs.stripe.com/api/checkout/sessions/create#expires_at).
func (s *checkoutSession) assignExpiry(form *parameter, now time.Time) error {
	at := form.number("expires_at")
	if at == nil {
		return nil
	}
	if in := time.Unix(*at, 0).Sub(now); in < 30*time.Minute-time.Second || in > checkoutLife {
		return badRequest("", "expires_at", "The `expires_at` timestamp must be between 30 minutes and 24 hours from "+
			"Checkout Session creation.")
	}
	s.Object.ExpiresAt = *at
	return nil
}

func (tx *transaction) assignLines(req *apiRequest, s *checkoutSession) error {
	items := req.form.field("line_items").list()
	if len(items) == 0 {
		return missingParameter("line_items")
	}
	if len(items) > maxLineItems {
		return badRequest("", "line_items", "A Checkout Session can have at most %d line items.", maxLineItems)
	}
	for i, item := range items {
		line, err := tx.lineFrom(req, nested("line_items", strconv.Itoa(i)), item)
		if err != nil {
			return err
		}
		s.Lines = append(s.Lines, line)
	}
	if slices.ContainsFunc(s.Lines, func(l lineItem) bool { return l.Currency != s.Lines[0].Currency }) {
		return badRequest("", "line_items", "All line items must have the same currency.")
	}
	s.total()
	return nil
}

func (tx *transaction) lineFrom(req *apiRequest, in string, item *parameter) (lineItem, error) {
	p, err := tx.linePrice(req, in, item)
	if err != nil {
		return lineItem{}, err
	}
	quantity := item.number("quantity")
	if quantity == nil {
		return lineItem{}, missingParameter(nested(in, "quantity"))
	}
	if *quantity < 1 {
		return lineItem{}, badRequest("parameter_invalid_integer", nested(in, "quantity"),
			"This value must be greater than or equal to 1.")
	}
	if *quantity > maxQuantity || p.cost(*quantity) > maxAmount {
		return lineItem{}, tooLarge(nested(in, "quantity"), p.Currency)
	}
	if p.Type != "one_time" {
		return lineItem{}, badRequest("", nested(in, "price"), "You must provide one-time prices in `payment` mode.")
	}
	return newLineItem(p, tx.productName(req, p.Product), *quantity), nil
}

// linePrice is the price that there is, or one that is made of price_data: that one can't be used again.
func (tx *transaction) linePrice(req *apiRequest, in string, item *parameter) (price, error) {
	id, data := item.value("price"), item.field("price_data")
	switch {
	case id != "" && data != nil:
		return price{}, badRequest("parameters_exclusive", nested(in, "price_data"),
			"You may only specify one of these parameters: price, price_data.")
	case data != nil:
		p, err := tx.priceFrom(req, nested(in, "price_data"), data)
		if err != nil {
			return p, err
		}
		p.Active = false
		return p, tx.addPrice(req, p)
	case id == "":
		return price{}, missingParameter(nested(in, "price"))
	}
	p, err := tx.ownPrice(req, nested(in, "price"), id, http.StatusBadRequest)
	if err != nil {
		return price{}, err
	}
	if !p.Active {
		return price{}, badRequest("price_inactive", nested(in, "price"), "The price specified is inactive. This field only "+
			"accepts active prices.")
	}
	return *p, nil
}

// productName looks at what this request has made too.
func (tx *transaction) productName(req *apiRequest, id string) string {
	for _, made := range tx.change.Products {
		if made.Owner == req.acting.ID && made.Object.ID == id {
			return made.Object.Name
		}
	}
	if p := tx.products.get(req.acting.ID, id); p != nil {
		return p.Name
	}
	return ""
}

func (s *checkoutSession) assignRest(form *parameter) error {
	form.assignOptionalBool("allow_promotion_codes", &s.Object.AllowPromotionCodes)
	form.assignText("billing_address_collection", &s.Object.BillingAddressCollection)
	form.assignText("client_reference_id", &s.Object.ClientReferenceID)
	form.assignText("customer_email", &s.Object.CustomerEmail)
	form.assignText("locale", &s.Object.Locale)
	form.assignText("submit_type", &s.Object.SubmitType)
	types, err := form.texts("payment_method_types")
	if err != nil {
		return err
	}
	if len(types) > 0 {
		s.Object.PaymentMethodTypes = types
	}
	s.Object.Metadata, err = mergedMetadata(nil, form)
	return err
}

// assignPayment takes an application fee of a direct charge alone: one made with Stripe-Account
// (docs.stripe.com/connect/direct-charges).
func (s *checkoutSession) assignPayment(given *parameter, req *apiRequest) error {
	if req.acting.ID != req.platform.Account {
		s.Payment.Application = req.platform.ClientID
	}
	fee := given.number("application_fee_amount")
	switch {
	case fee != nil && s.Payment.Application == "":
		return badRequest("", "payment_intent_data[application_fee_amount]", "Can only apply an application_fee_amount when "+
			"the PaymentIntent is attempting a direct payment (using an OAuth key or Stripe-Account header) or destination "+
			"payment (using `transfer_data[destination]`).")
	case fee != nil && (*fee < 0 || *fee > *s.Object.AmountTotal):
		return badRequest("", "payment_intent_data[application_fee_amount]",
			"The application fee must be between 0 and the amount of %d.", *s.Object.AmountTotal)
	}
	s.Payment.ApplicationFeeAmount, s.Payment.Description = fee, given.value("description")
	var err error
	s.Payment.Metadata, err = mergedMetadata(nil, given)
	return err
}
