package sandbox

import (
	"fmt"
	"slices"
)

// persona is one of the ways in which an account may stand with Stripe.
type persona uint8

// standing is all in which personas differ.
type standing struct {
	name      string
	countries []country

	chargesEnabled   bool
	payoutsEnabled   bool
	detailsSubmitted bool
	cardPayments     string
	transfers        string

	currentlyDue        []string
	pastDue             []string
	eventuallyDue       []string
	pendingVerification []string
	errors              []requirementError
	disabledReason      string

	hasDeadline bool
	hasNoName   bool
}

type requirementError struct {
	code, reason, requirement string
}

const (
	active   = "active"
	inactive = "inactive"
)

const (
	companyDocument  = "company.verification.document"
	companyTaxID     = "company.tax_id"
	externalAccount  = "external_account"
	representativeID = "representative.id_number"
)

var newAccountRequirements = []string{
	"business_profile.product_description", "business_profile.url", "business_type", externalAccount,
	"tos_acceptance.date", "tos_acceptance.ip",
}

// standings are the personas in the order in which people are shown them. What disabled_reason may be stands on
// docs.stripe.com/api/accounts/object. A persona is kept in state files by its name.
var standings = []standing{
	working("complete", nil),
	working("enabled", func(s *standing) {
		s.eventuallyDue = []string{representativeID}
	}),
	working("restricted_soon", func(s *standing) {
		s.currentlyDue = []string{companyTaxID}
		s.eventuallyDue = []string{companyTaxID}
		s.hasDeadline = true
	}),
	stopped("restricted", "requirements.past_due", func(s *standing) {
		s.due(externalAccount, companyTaxID)
	}),
	working("no_payouts", func(s *standing) {
		s.payoutsEnabled = false
		s.disabledReason = "other"
	}),
	stopped("no_charges", "other", func(s *standing) {
		s.payoutsEnabled = true
	}),
	working("no_cards", func(s *standing) {
		s.cardPayments = inactive
	}),
	stopped("document_failed", "requirements.past_due", func(s *standing) {
		s.due(companyDocument)
		s.errors = []requirementError{{
			code:        "verification_document_not_readable",
			reason:      "The document could not be read. Upload a sharp colour picture of all of it.",
			requirement: companyDocument,
		}}
	}),
	stopped("incomplete", "requirements.past_due", func(s *standing) {
		s.due(newAccountRequirements...)
		s.detailsSubmitted = false
		s.hasNoName = true
	}),
	stopped("in_review", "requirements.pending_verification", func(s *standing) {
		s.pendingVerification = []string{companyDocument}
	}),
	stopped("rejected", "rejected.fraud", nil),
	working("unsupported", func(s *standing) {
		s.countries = unsupportedCountries
	}),
	working("nameless", func(s *standing) {
		s.hasNoName = true
	}),
}

func working(name string, but func(*standing)) standing {
	s := standing{
		name: name, countries: commonCountries,
		chargesEnabled: true, payoutsEnabled: true, detailsSubmitted: true,
		cardPayments: active, transfers: active,
	}
	if but != nil {
		but(&s)
	}
	return s
}

func stopped(name, reason string, but func(*standing)) standing {
	s := standing{
		name: name, countries: commonCountries,
		detailsSubmitted: true, cardPayments: inactive, transfers: inactive, disabledReason: reason,
	}
	if but != nil {
		but(&s)
	}
	return s
}

// due makes the requirements past due. What is past due is currently due too, and all that is due is eventually due.
func (s *standing) due(requirements ...string) {
	s.pastDue, s.currentlyDue, s.eventuallyDue = requirements, requirements, requirements
}

// Personas lists the names of the ways an account may stand, as the buttons of the grant page show them.
func Personas() []string {
	names := make([]string, len(standings))
	for i, s := range standings {
		names[i] = s.name
	}
	return names
}

func personaNamed(name string) (persona, bool) {
	i := slices.IndexFunc(standings, func(s standing) bool { return s.name == name })
	return persona(max(i, 0)), i >= 0
}

func (p persona) standing() *standing { return &standings[p] }

func (p persona) String() string { return p.standing().name }

// MarshalText is the persona's name, so that a state file outlives a change of their order.
func (p persona) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText finds the persona by its name.
func (p *persona) UnmarshalText(text []byte) error {
	named, ok := personaNamed(string(text))
	if !ok {
		return fmt.Errorf("no persona is called %q", text)
	}
	*p = named
	return nil
}
