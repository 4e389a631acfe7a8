package web

import (
	"regexp"
	"strings"
)

// requirementView is something that Stripe needs, in words, with Stripe's own name of it.
type requirementView struct {
	Words string
	Code  string
}

func newRequirementView(code string) requirementView {
	return requirementView{Words: requirementWords(code), Code: code}
}

func requirementViews(codes []string) []requirementView {
	views := make([]requirementView, 0, len(codes))
	for _, code := range codes {
		views = append(views, newRequirementView(code))
	}
	return views
}

// subjects are whom the first part of a requirement's name speaks of (docs.stripe.com/connect/required-verification-information).
var subjects = map[string]string{
	"business_profile": "the business",
	"company":          "the company",
	"directors":        "the directors",
	"executives":       "the executives",
	"individual":       "the account holder",
	"owners":           "the owners",
	"relationship":     "the people of the business",
	"representative":   "the representative",
}

// wholes are names that say all by themselves.
var wholes = map[string]string{
	"business_type":                          "The type of business",
	"external_account":                       "A bank account for payouts",
	"tos_acceptance.date":                    "Agreement to Stripe's terms of service (date)",
	"tos_acceptance.ip":                      "Agreement to Stripe's terms of service (internet address)",
	"business_profile.mcc":                   "What kind of business it is",
	"business_profile.url":                   "The business's website",
	"company.owners_provided":                "Confirmation that all owners are named",
	"company.directors_provided":             "Confirmation that all directors are named",
	"company.executives_provided":            "Confirmation that all executives are named",
	"settings.payments.statement_descriptor": "What stands on customers' card statements",
}

// things are what the rest of a name asks for.
var things = map[string]string{
	"address.city":                     "Address (city)",
	"address.line1":                    "Address (street)",
	"address.postal_code":              "Address (postal code)",
	"address.state":                    "Address (state)",
	"dob.day":                          "Date of birth (day)",
	"dob.month":                        "Date of birth (month)",
	"dob.year":                         "Date of birth (year)",
	"id_number":                        "Identification number",
	"product_description":              "What is sold",
	"ssn_last_4":                       "Last four digits of the social security number",
	"support_phone":                    "Phone number for customers",
	"tax_id":                           "Tax number",
	"verification.additional_document": "A second identity or address document",
	"verification.document":            "A document that proves identity",
}

var person = regexp.MustCompile(`^person_[A-Za-z0-9]+$`)

// requirementWords says a requirement for people. A name that is not known is read out as it is written.
func requirementWords(code string) string {
	if words, ok := wholes[code]; ok {
		return words
	}
	first, rest, more := strings.Cut(code, ".")
	subject, known := subjects[first]
	if person.MatchString(first) {
		subject, known = "a person of the business", true
	}
	if !known || !more {
		return readOut(code)
	}
	if thing, ok := things[rest]; ok {
		return thing + " of " + subject
	}
	return readOut(rest) + " of " + subject
}

func readOut(name string) string {
	words := strings.NewReplacer("_", " ", ".", ": ").Replace(name)
	if words == "" {
		return words
	}
	return strings.ToUpper(words[:1]) + words[1:]
}
