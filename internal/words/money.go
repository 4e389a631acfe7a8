package words

import (
	"math"
	"slices"
	"strings"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// How many digits of an amount stand behind the point, where it is not two (docs.stripe.com/currencies). ISK and UGX have no
// smaller unit, and yet Stripe counts them in hundredths.
var (
	wholeUnits = []string{
		"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf",
	}
	thousandths = []string{"bhd", "jod", "kwd", "omr", "tnd"}
)

// Money is an amount in Stripe's smallest unit of the currency, which is named as Stripe does.
func (l *Language) Money(amount int64, code string) string {
	if amount < 0 {
		return "−" + l.Money(-amount, code)
	}
	digits, printer, symbol := decimals(code), message.NewPrinter(l.tag), strings.ToUpper(code)
	written := printer.Sprint(number.Decimal(float64(amount)/math.Pow10(digits), number.Scale(digits)))
	if unit, err := currency.ParseISO(code); err == nil {
		symbol = printer.Sprint(currency.Symbol(unit))
	}
	if strings.EqualFold(symbol, code) { // letters stand apart from the figure
		return l.Say("money.by_code", Args{"Code": symbol, "Amount": written})
	}
	return l.Say("money.by_symbol", Args{"Symbol": symbol, "Amount": written})
}

func decimals(code string) int {
	switch code = strings.ToLower(code); {
	case slices.Contains(wholeUnits, code):
		return 0
	case slices.Contains(thousandths, code):
		return 3
	}
	return 2
}

// Country is the country's name; a code that is none stays as it is.
func (l *Language) Country(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	if name := display.Regions(l.tag).Name(region); name != "" {
		return name
	}
	return code
}
