package selling

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/stripeapi"
)

// Percent is a part of a total in hundredths of a percent, 0 to 10,000: Stripe's own application_fee_percent has two
// decimals too (docs.stripe.com/api/subscriptions/create#create_subscription-application_fee_percent).
type Percent int64

const wholePercent = 10_000

// percentPattern is JSON's form of a number that is not negative, of a size that can be reckoned with.
var percentPattern = regexp.MustCompile(`^[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?$`)

// ParsePercent reads a decimal as JSON writes it, exactly.
func ParsePercent(text string) (Percent, error) {
	hundredths, ok := hundredthsOf(text)
	if !ok || !hundredths.IsInt() {
		return 0, account.InvalidField("application_fee_percent", "must be a number from 0 to 100 with at most two decimals, such as 12.5")
	}
	if hundredths.Cmp(big.NewRat(wholePercent, 1)) > 0 {
		return 0, account.InvalidField("application_fee_percent", "must be at most 100")
	}
	return Percent(hundredths.Num().Int64()), nil
}

func hundredthsOf(percent string) (*big.Rat, bool) {
	if !percentPattern.MatchString(percent) {
		return nil, false
	}
	value, ok := new(big.Rat).SetString(percent)
	if !ok {
		return nil, false
	}
	return value.Mul(value, big.NewRat(100, 1)), true
}

// of is the part of an amount that is at most maxTotal, rounded half up.
func (p Percent) of(total int64) int64 { return (total*int64(p) + wholePercent/2) / wholePercent }

// maxTotal has twelve digits, as the largest payment that Stripe takes in any currency has
// (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
const maxTotal = 999_999_999_999

// maxQuantity of a line is Stripe's (docs.stripe.com/api/checkout/sessions/create, adjustable_quantity.maximum). Times
// maxTotal it is an int64 still.
const maxQuantity = 999_999

// fee is the platform's, nil where there is none.
func (sale Sale) fee() (*int64, error) {
	total, unknown, err := totalOf(sale.LineItems)
	switch {
	case err != nil:
		return nil, err
	case sale.Fee != nil && sale.Percent != nil:
		return nil, account.InvalidField("application_fee_percent", "give one of application_fee_amount and application_fee_percent")
	case sale.Percent != nil && unknown != "":
		return nil, account.InvalidField("application_fee_percent",
			"is of a total that is not known: %s; give unit_amount in price_data for each line, or application_fee_amount", unknown)
	case sale.Percent != nil:
		return new(sale.Percent.of(total)), nil
	case sale.Fee != nil && unknown == "" && *sale.Fee > total:
		return nil, account.InvalidField("application_fee_amount", "is more than the total of %d", total)
	}
	return sale.Fee, nil
}

// totalOf is what the lines come to; unknown says in words why that can't be told, and is "" where it can.
func totalOf(lines []stripeapi.LineItem) (total int64, unknown string, err error) {
	currency := ""
	for i, line := range lines {
		at := fmt.Sprintf("line_items[%d]", i)
		price := line.PriceData
		if price == nil || price.UnitAmount == nil {
			unknown = at + " has no unit_amount"
			continue
		}
		if currency != "" && !strings.EqualFold(price.Currency, currency) {
			return 0, "", account.InvalidField(at+".price_data.currency", "is not that of the lines before it, %s", currency)
		}
		currency = price.Currency
		if *price.UnitAmount < 0 || line.Quantity < 0 || *price.UnitAmount > maxTotal || line.Quantity > maxQuantity {
			return 0, "", account.InvalidField(at, "is out of bounds: unit_amount is at most %d and quantity %d", int64(maxTotal), maxQuantity)
		}
		if total += *price.UnitAmount * line.Quantity; total > maxTotal {
			return 0, "", account.InvalidField(at, "makes a total of more than %d, which Stripe takes in no currency", int64(maxTotal))
		}
	}
	return total, unknown, nil
}
