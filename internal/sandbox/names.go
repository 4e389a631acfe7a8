package sandbox

import (
	"hash/fnv"
	"slices"
)

// country is where an account is, with what follows from that.
type country struct {
	code     string
	currency string
	timezone string
}

var (
	commonCountries = []country{
		{"US", "usd", "America/New_York"},
		{"GB", "gbp", "Europe/London"},
		{"IE", "eur", "Europe/Dublin"},
		{"DE", "eur", "Europe/Berlin"},
		{"FR", "eur", "Europe/Paris"},
		{"NL", "eur", "Europe/Amsterdam"},
		{"CA", "cad", "America/Toronto"},
		{"AU", "aud", "Australia/Sydney"},
	}
	unsupportedCountries = []country{{"BR", "brl", "America/Sao_Paulo"}}
)

// Countries lists the countries of all personas but "unsupported", as ISO 3166-1 codes: a policy of just these
// countries supports every account here that is meant to be supported.
func Countries() []string {
	codes := make([]string, len(commonCountries))
	for i, c := range commonCountries {
		codes[i] = c.code
	}
	return codes
}

// currencyOf is the default currency of an account in the country. Of one that no persona lives in it is usd.
func currencyOf(countryCode string) string {
	for _, c := range slices.Concat(commonCountries, unsupportedCountries) {
		if c.code == countryCode {
			return c.currency
		}
	}
	return "usd"
}

// The first words are places that are not on a map and the second ones are trades, so that no made-up shop is a real one
// by more than chance.
var (
	shopPlaces = []string{
		"Amberfield", "Birchmere", "Cloverdock", "Dunmarrow", "Elderquay", "Fernhollow", "Gullwater", "Hazelmoor",
		"Inkwell", "Juniperton", "Kestrelgate", "Larkspire", "Mossbank", "Nettlecombe", "Oakhaven", "Pebblestow",
		"Quillbury", "Rowanport", "Saltmarsh", "Thistlewick", "Umberley", "Velvetshire", "Willowford", "Yarrowdale",
	}
	shopTrades = []string{
		"Bakery", "Bicycles", "Books", "Ceramics", "Chocolate", "Coffee", "Cutlery", "Fabrics", "Flowers", "Furniture",
		"Games", "Gardens", "Instruments", "Lamps", "Leather", "Maps", "Paper", "Prints", "Records", "Seeds", "Soap",
		"Tea", "Toys", "Wool",
	}
)

func hashOf(id string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return h.Sum32()
}

// shopWords are the two words of the business's name; the same for the same account at all times.
func shopWords(accountID string) (place, trade string) {
	h := hashOf(accountID)
	return shopPlaces[h%uint32(len(shopPlaces))], shopTrades[h/31%uint32(len(shopTrades))]
}
