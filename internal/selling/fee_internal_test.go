package selling

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/stripeapi"
)

func TestPercentIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Percent{
		"0": 0, "15": 1500, "12.5": 1250, "12.50": 1250, "0.01": 1, "100": 10000, "100.00": 10000, "99.99": 9999, "2.90000": 290, "0.1": 10,
		"1e1": 1000, "1E+2": 10000, "1250e-2": 1250, "0.0000125e6": 1250, "0e99": 0, "0e-99": 0,
	} {
		if got, err := ParsePercent(text); got != want || err != nil {
			t.Errorf("%s: %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "-1", "-0.01", "100.01", "101", "1000", "0.001", "12.345", "12345e-3", "1e3", "1e-3", "1e", "e1", "1e1.0", "1e400", "1e-400", strings.Repeat("1", 1<<20), "1e999999999", ".5", "5.", "+5", "NaN", "null",
		`"15"`, "15%", " 15", "0x10", "１５",
	} {
		if got, err := ParsePercent(text); account.KindOf(err) != account.Invalid {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
}

func sold(amount, quantity int64, currency string) stripeapi.LineItem {
	return stripeapi.LineItem{Quantity: quantity, PriceData: &stripeapi.PriceData{Currency: currency, UnitAmount: &amount}}
}

// TestFeeOfPercent: amounts are in the smallest unit, whatever the currency's decimals.
func TestFeeOfPercent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		percent string
		lines   []stripeapi.LineItem
		want    int64
	}{
		{"15", []stripeapi.LineItem{sold(1000, 1, "eur")}, 150},
		{"15", []stripeapi.LineItem{sold(999, 1, "jpy")}, 150},                                     // 149.85 yen
		{"15", []stripeapi.LineItem{sold(1990, 2, "eur"), sold(3, 1, "EUR")}, 597},                 // 597.45
		{"0.5", []stripeapi.LineItem{sold(100, 1, "usd")}, 1},                                      // 0.5: half up
		{"0.49", []stripeapi.LineItem{sold(100, 1, "usd")}, 0},                                     // 0.49
		{"12.5", []stripeapi.LineItem{sold(4, 1, "usd")}, 1},                                       // 0.5
		{"12.5", []stripeapi.LineItem{sold(1, 1, "usd"), sold(1, 1, "usd"), sold(1, 2, "usd")}, 1}, // of the total, not of each line
		{"2.5", []stripeapi.LineItem{sold(1000, 3, "kwd")}, 75},                                    // thousandths
		{"33.33", []stripeapi.LineItem{sold(100, 1, "usd")}, 33},                                   // 33.33
		{"100", []stripeapi.LineItem{sold(12345, 1, "usd")}, 12345},                                // all of it
		{"0", []stripeapi.LineItem{sold(12345, 1, "usd")}, 0},                                      // nothing
		{"50", []stripeapi.LineItem{sold(0, 1, "usd")}, 0},                                         // of nothing
		{"99.99", []stripeapi.LineItem{sold(maxTotal, 1, "idr")}, 999_899_999_999},                 // 999899999999.0001
		{"0.01", []stripeapi.LineItem{sold(1_000_000, 999_999, "idr")}, 99_999_900},                // 99999900
		{"1.15", []stripeapi.LineItem{sold(10_000, 1, "usd")}, 115},                                // 114.99999999999999 in floats
		{"0.57", []stripeapi.LineItem{sold(100_00, 1, "usd")}, 57},                                 // 56.99999999999999 in floats
		{"1.01", []stripeapi.LineItem{sold(50, 1, "usd")}, 1},                                      // 0.505
	} {
		percent, err := ParsePercent(c.percent)
		if err != nil {
			t.Fatal(err)
		}
		fee, err := Sale{Checkout: stripeapi.Checkout{LineItems: c.lines}, Percent: &percent}.fee()
		if err != nil || fee == nil || *fee != c.want {
			t.Errorf("%s %% of %+v: %v, %v, want %d", c.percent, c.lines, fee, err, c.want)
		}
	}
}

// TestFeesAreExact holds them against rational numbers.
func TestFeesAreExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		percent := rapid.Int64Range(0, wholePercent).Draw(t, "hundredths of a percent")
		sum := new(big.Int)
		var lines []stripeapi.LineItem
		for range rapid.IntRange(1, 100).Draw(t, "lines") {
			quantity := rapid.Int64Range(1, maxQuantity).Draw(t, "quantity")
			amount := rapid.Int64Range(0, maxTotal/100/quantity).Draw(t, "amount")
			lines = append(lines, sold(amount, quantity, "eur"))
			sum.Add(sum, new(big.Int).Mul(big.NewInt(amount), big.NewInt(quantity)))
		}
		text := fmt.Sprintf("%d.%02d", percent/100, percent%100)
		parsed, err := ParsePercent(text)
		if err != nil {
			t.Fatal(err)
		}
		fee, err := Sale{Checkout: stripeapi.Checkout{LineItems: lines}, Percent: &parsed}.fee()
		if err != nil {
			t.Fatal(err)
		}
		exact, _ := new(big.Rat).SetString(text)
		exact.Mul(exact, new(big.Rat).SetFrac(sum, big.NewInt(100)))
		exact.Add(exact, big.NewRat(1, 2))
		want := new(big.Int).Div(exact.Num(), exact.Denom())
		if !want.IsInt64() || *fee != want.Int64() || *fee > sum.Int64() {
			t.Errorf("%s %% of %s: %d, want %s", text, sum, *fee, want)
		}
	})
}

func TestFeesThatCanNotBe(t *testing.T) {
	t.Parallel()
	fee, percent := int64(101), Percent(1500)
	known := sold(100, 1, "eur")
	priced := stripeapi.LineItem{Quantity: 1, Price: "price_1"}
	decimal := stripeapi.LineItem{Quantity: 1, PriceData: &stripeapi.PriceData{Currency: "eur", UnitDecimal: "0.5"}}
	for _, c := range []struct {
		name  string
		sale  Sale
		lines []stripeapi.LineItem
		field string // "" where it can be
		words string
	}{
		{"both", Sale{Fee: &fee, Percent: &percent}, []stripeapi.LineItem{known}, "application_fee_percent", "one of"},
		{"more than the total", Sale{Fee: &fee}, []stripeapi.LineItem{known}, "application_fee_amount", "total of 100"},
		{"all of the total", Sale{Fee: &fee}, []stripeapi.LineItem{sold(101, 1, "eur")}, "", ""},
		{"a total that Stripe knows", Sale{Fee: &fee}, []stripeapi.LineItem{known, priced}, "", ""},
		{"percent of a price's total", Sale{Percent: &percent}, []stripeapi.LineItem{known, priced}, "application_fee_percent", "line_items[1]"},
		{"percent of a decimal's total", Sale{Percent: &percent}, []stripeapi.LineItem{decimal, known}, "application_fee_percent", "line_items[0]"},
		{"two currencies", Sale{}, []stripeapi.LineItem{known, sold(1, 1, "usd")}, "line_items[1].price_data.currency", "eur"},
		{"one currency, written twice", Sale{}, []stripeapi.LineItem{known, sold(1, 1, "EUR")}, "", ""},
		{"too much", Sale{}, []stripeapi.LineItem{sold(maxTotal, 1, "idr"), sold(1, 1, "idr")}, "line_items[1]", "999999999999"},
		{"too much of one", Sale{}, []stripeapi.LineItem{sold(maxTotal, 2, "idr")}, "line_items[0]", "999999999999"},
		{"what would overflow", Sale{}, []stripeapi.LineItem{sold(1<<62, 4, "idr")}, "line_items[0]", "out of bounds"},
		{"a negative amount", Sale{}, []stripeapi.LineItem{sold(-1, 1, "eur")}, "line_items[0]", "out of bounds"},
		{"a negative quantity", Sale{}, []stripeapi.LineItem{sold(1, -1, "eur")}, "line_items[0]", "out of bounds"},
		{"too many", Sale{}, []stripeapi.LineItem{sold(0, maxQuantity+1, "eur")}, "line_items[0]", "out of bounds"},
	} {
		c.sale.LineItems = c.lines
		_, err := c.sale.fee()
		e, _ := errors.AsType[*account.Error](err)
		switch {
		case c.field == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.field != "" && (e == nil || e.Kind != account.Invalid || e.Field != c.field || !strings.Contains(e.Message, c.words)):
			t.Errorf("%s: %#v, want %s: %s", c.name, err, c.field, c.words)
		}
	}
}
