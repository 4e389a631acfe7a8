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
	"business_type":                                          "The type of business",
	"external_account":                                       "A bank account for payouts",
	"bank_account":                                           "A bank account for payouts",
	"tos_acceptance.date":                                    "Agreement to Stripe’s terms of service (date)",
	"tos_acceptance.ip":                                      "Agreement to Stripe’s terms of service (internet address)",
	"business_profile.mcc":                                   "What kind of business it is",
	"business_profile.name":                                  "The name that customers know the business by",
	"business_profile.product_description":                   "What the business sells",
	"business_profile.support_email":                         "An e-mail address for customers",
	"business_profile.support_phone":                         "A phone number for customers",
	"business_profile.support_url":                           "A support page for customers",
	"business_profile.url":                                   "The business’s website",
	"business_profile.annual_revenue.amount":                 "The business’s yearly revenue",
	"business_profile.annual_revenue.currency":               "The currency of the business’s yearly revenue",
	"business_profile.annual_revenue.fiscal_year_end":        "The end of the business’s fiscal year",
	"business_profile.estimated_worker_count":                "How many work in the business",
	"company.owners_provided":                                "Confirmation that all owners are named",
	"company.directors_provided":                             "Confirmation that all directors are named",
	"company.executives_provided":                            "Confirmation that all executives are named",
	"company.name":                                           "The company’s legal name",
	"company.verification.document":                          "A document that proves the company’s identity",
	"company.structure":                                      "The company’s legal structure",
	"documents.bank_account_ownership_verification.files":    "A document that proves whose the bank account is",
	"documents.company_license.files":                        "The company’s licence",
	"documents.company_memorandum_of_association.files":      "The company’s memorandum of association",
	"documents.company_ministerial_decree.files":             "The ministerial decree about the company",
	"documents.company_registration_verification.files":      "A document that proves the company’s registration",
	"documents.company_tax_id_verification.files":            "A document that proves the company’s tax number",
	"documents.proof_of_registration.files":                  "A proof of the company’s registration",
	"documents.proof_of_ultimate_beneficial_ownership.files": "A proof of who owns the company in the end",
	"settings.payments.statement_descriptor":                 "What stands on customers’ card statements",
}

// things are what the rest of a name asks for.
var things = map[string]string{
	"address.city":                           "Address (city)",
	"address.country":                        "Address (country)",
	"address.line1":                          "Address (street)",
	"address.postal_code":                    "Address (postal code)",
	"address.state":                          "Address (state)",
	"dob.day":                                "Date of birth (day)",
	"dob.month":                              "Date of birth (month)",
	"dob.year":                               "Date of birth (year)",
	"email":                                  "E-mail address",
	"first_name":                             "First name",
	"last_name":                              "Last name",
	"id_number":                              "Identification number",
	"nationality":                            "Nationality",
	"ownership_declaration.date":             "Declaration of ownership (date)",
	"ownership_declaration.ip":               "Declaration of ownership (internet address)",
	"phone":                                  "Phone number",
	"political_exposure":                     "Statement on political exposure",
	"product_description":                    "What is sold",
	"registered_address.city":                "Registered address (city)",
	"registered_address.line1":               "Registered address (street)",
	"registered_address.postal_code":         "Registered address (postal code)",
	"registration_number":                    "Registration number",
	"relationship.percent_ownership":         "Share of ownership",
	"relationship.title":                     "Job title",
	"ssn_last_4":                             "Last four digits of the social security number",
	"support_phone":                          "Phone number for customers",
	"tax_id":                                 "Tax number",
	"vat_id":                                 "VAT number",
	"verification.additional_document":       "A second identity or address document",
	"verification.additional_document.front": "A second identity or address document (front)",
	"verification.document":                  "An identity document",
	"verification.document.back":             "An identity document (back)",
	"verification.document.front":            "An identity document (front)",
	"verification.proof_of_liveness":         "A proof of being there in person",
}

var (
	person = regexp.MustCompile(`^person_[A-Za-z0-9]+$`)
	// intervention begins the names of what Stripe's reviews of risk ask for.
	intervention = regexp.MustCompile(`^interv_[A-Za-z0-9]+\.`)
)

// requirementWords says a requirement for people. A name that is not known is read out as it is written.
func requirementWords(code string) string {
	if words, ok := wholes[code]; ok {
		return words
	}
	if asked := intervention.FindString(code); asked != "" {
		return "An answer to Stripe’s review: " + strings.ToLower(readOut(code[len(asked):]))
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
