package policyfile

import (
	"slices"
	"strings"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
)

// CountryFault says what is wrong with a country's code, "" where nothing is: it is one of ISO 3166-1 alpha-2, in either case.
func CountryFault(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil || len(code) != len("IE") {
		return "which is no country code of ISO 3166-1"
	}
	if today := region.Canonicalize(); today != region {
		return "which is no country code of ISO 3166-1: did you mean " + today.String() + "?"
	}
	// x/text knows more than ISO's countries: groups, and what has no number of the United Nations (1 to 899).
	if !region.IsCountry() || region.M49() == 0 || region.M49() >= 900 {
		return "which is no country code of ISO 3166-1"
	}
	return ""
}

// newer are currencies that ISO 4217 has and x/text, whose table is of 2017, has not.
var newer = []string{"MRU", "SLE", "STN", "UYW", "VED", "VES", "XCG", "ZWG"}

// none is ISO 4217's code for no currency.
var none currency.Unit

// CurrencyFault says what is wrong with a currency's code, "" where nothing is: it is one of ISO 4217, in either case.
func CurrencyFault(code string) string {
	unit, err := currency.ParseISO(code)
	known := err == nil && unit != none && unit != currency.XTS
	if !known && !slices.Contains(newer, strings.ToUpper(code)) {
		return "which is no currency code of ISO 4217"
	}
	return ""
}
