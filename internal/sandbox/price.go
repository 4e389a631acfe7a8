package sandbox

import (
	"strconv"
	"strings"
)

// price is what a product costs, in the currency's smallest unit (docs.stripe.com/api/prices/object).
type price struct {
	ID                string             `json:"id"`
	Object            string             `json:"object"`
	Active            bool               `json:"active"`
	BillingScheme     string             `json:"billing_scheme"`
	Created           int64              `json:"created"`
	Currency          string             `json:"currency"`
	CustomUnitAmount  *customUnitAmount  `json:"custom_unit_amount"`
	Livemode          bool               `json:"livemode"`
	LookupKey         *string            `json:"lookup_key"`
	Metadata          map[string]string  `json:"metadata"`
	Nickname          *string            `json:"nickname"`
	Product           string             `json:"product"`
	Recurring         *priceRecurring    `json:"recurring"`
	TaxBehavior       *string            `json:"tax_behavior"`
	TiersMode         *string            `json:"tiers_mode"`
	TransformQuantity *transformQuantity `json:"transform_quantity"`
	Type              string             `json:"type"`
	UnitAmount        *int64             `json:"unit_amount"`
	UnitAmountDecimal *string            `json:"unit_amount_decimal"`
}

type customUnitAmount struct {
	Maximum *int64 `json:"maximum"`
	Minimum *int64 `json:"minimum"`
	Preset  *int64 `json:"preset"`
}

type priceRecurring struct {
	AggregateUsage  *string `json:"aggregate_usage"`
	Interval        string  `json:"interval"`
	IntervalCount   int64   `json:"interval_count"`
	TrialPeriodDays *int64  `json:"trial_period_days"`
	UsageType       string  `json:"usage_type"`
}

type transformQuantity struct {
	DivideBy int64  `json:"divide_by"`
	Round    string `json:"round"`
}

func (p price) identity() string { return p.ID }

// newPrice reads the parameters of a new price, which may be nested in those of something else, under the name of in.
func newPrice(now int64, productID, in string, form *parameter) (price, error) {
	p := price{
		ID: newID("price"), Object: "price", Active: true, BillingScheme: "per_unit", Created: now, Product: productID,
		Currency: strings.ToLower(form.value("currency")), Type: "one_time", TaxBehavior: pointerTo("unspecified"),
	}
	if form.value("billing_scheme") == "tiered" || form.field("tiers") != nil {
		return p, badRequest("", nested(in, "tiers"), "The sandbox has no tiered prices.")
	}
	if err := p.assignAmount(in, form); err != nil {
		return p, err
	}
	p.assignRecurring(form.field("recurring"))
	if given := form.field("transform_quantity"); given != nil {
		p.TransformQuantity = &transformQuantity{DivideBy: *given.number("divide_by"), Round: given.value("round")}
	}
	return p, p.assign(form)
}

// maxAmount is of a price and of a line: eight digits (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
const maxAmount = 99_999_999

func tooLarge(param, currency string) error {
	return badRequest("amount_too_large", param, "Amount must be no more than %s", amountText(maxAmount, currency))
}

func (p *price) assignAmount(in string, form *parameter) error {
	param := "unit_amount"
	switch {
	case form.field("unit_amount") != nil:
		p.UnitAmount = form.number("unit_amount")
		p.UnitAmountDecimal = pointerTo(form.value("unit_amount"))
	case form.field("unit_amount_decimal") != nil:
		param = "unit_amount_decimal"
		p.UnitAmountDecimal = pointerTo(form.value("unit_amount_decimal"))
		p.UnitAmount = form.number("unit_amount_decimal") // null of a fraction
		if !decimalPattern.MatchString(valueOrEmpty(p.UnitAmountDecimal)) {
			return badRequest("", nested(in, "unit_amount_decimal"), "Invalid decimal: %s", valueOrEmpty(p.UnitAmountDecimal))
		}
	case form.field("custom_unit_amount").isTrue("enabled"):
		given := form.field("custom_unit_amount")
		p.CustomUnitAmount = &customUnitAmount{given.number("maximum"), given.number("minimum"), given.number("preset")}
		return nil
	default:
		return badRequest("parameter_missing", nested(in, "unit_amount"),
			"Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.")
	}
	if n, _ := strconv.ParseFloat(*p.UnitAmountDecimal, 64); n > maxAmount {
		return tooLarge(nested(in, param), p.Currency)
	}
	if strings.HasPrefix(*p.UnitAmountDecimal, "-") {
		return badRequest("parameter_invalid_integer", nested(in, param), "Invalid non-negative integer")
	}
	return nil
}

func (p *price) assignRecurring(given *parameter) {
	if given == nil {
		return
	}
	p.Type = "recurring"
	p.Recurring = &priceRecurring{
		AggregateUsage: pointerTo(given.value("aggregate_usage")), Interval: given.value("interval"), IntervalCount: 1,
		TrialPeriodDays: given.number("trial_period_days"), UsageType: "licensed",
	}
	if n := given.number("interval_count"); n != nil {
		p.Recurring.IntervalCount = *n
	}
	if given.field("usage_type") != nil {
		p.Recurring.UsageType = given.value("usage_type")
	}
}

// assign takes over what the form gives of that which can be changed.
func (p *price) assign(form *parameter) error {
	form.assignBool("active", &p.Active)
	form.assignText("lookup_key", &p.LookupKey)
	form.assignText("nickname", &p.Nickname)
	form.assignText("tax_behavior", &p.TaxBehavior)
	var err error
	p.Metadata, err = mergedMetadata(p.Metadata, form)
	return err
}

// cost is of so many, rounded to the smallest unit.
func (p *price) cost(quantity int64) int64 {
	if p.UnitAmount != nil {
		return *p.UnitAmount * quantity
	}
	if p.CustomUnitAmount != nil {
		return valueOr(p.CustomUnitAmount.Preset, 0) * quantity
	}
	each, _ := strconv.ParseFloat(*p.UnitAmountDecimal, 64) // checked when it was made
	return int64(each*float64(quantity) + 0.5)
}

func valueOr(n *int64, otherwise int64) int64 {
	if n == nil {
		return otherwise
	}
	return *n
}
