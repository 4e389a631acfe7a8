package sandbox

import (
	"net/mail"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// textFormats are by the parameter's name what Stripe wants of a text beyond what the specification says.
var textFormats = map[string]func(name, text string) error{
	"country":          checkCountry,
	"currency":         checkCurrency,
	"default_currency": checkCurrency,
	"customer_email":   checkEmail,
	"email":            checkEmail,
	"support_email":    checkEmail,
}

// checkFormat looks at the child of that name, where it is one of textFormats.
func checkFormat(name, child string, p *parameter) error {
	check := textFormats[child]
	if check == nil || !p.isText || p.text == "" {
		return nil
	}
	return check(name, p.text)
}

// currencies are those that Stripe takes (docs.stripe.com/currencies), in the order in which it lists them.
var currencies = strings.Fields(`usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp
	byn bzd cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl hrk
	htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mro
	mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd
	shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw usdc
	ghs eek lvl svc vef ltl sll`)

func checkCurrency(name, text string) error {
	code := strings.ToLower(text)
	if slices.Contains(currencies, code) {
		return nil
	}
	return badRequest("", name, "Invalid currency: %s. Stripe currently supports these currencies: %s", code,
		strings.Join(currencies, ", "))
}

func checkCountry(name, text string) error {
	region, err := language.ParseRegion(text)
	if err == nil && region.IsCountry() && region.String() == strings.ToUpper(text) {
		return nil
	}
	return badRequest("country_code_invalid", name, "Country '%s' is unknown. Try using a 2-character alphanumeric country "+
		"code instead, such as 'US', 'EG', or 'GB'. A full list of country codes is available at "+
		"https://en.wikipedia.org/wiki/ISO_3166-1_alpha-2#Officially_assigned_code_elements", text)
}

// checkEmail takes an address alone, without a name, at a domain with a dot.
func checkEmail(name, text string) error {
	parsed, err := mail.ParseAddress(text)
	if err == nil && parsed.Address == text && strings.Contains(text[strings.LastIndexByte(text, '@'):], ".") {
		return nil
	}
	return badRequest("email_invalid", name, "Invalid email address: %s", text)
}
