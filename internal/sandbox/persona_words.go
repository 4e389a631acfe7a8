package sandbox

// personaAbout says in a few words how each persona stands, for people who choose one.
var personaAbout = map[string]string{
	"complete":        "Everything is on and nothing is due.",
	"enabled":         "Everything is on; something will be due one day.",
	"restricted_soon": "Everything is on; something is due in two weeks.",
	"restricted":      "Something is past due: charges and payouts are off.",
	"no_payouts":      "Charges are on, payouts are off.",
	"no_charges":      "Payouts are on, charges are off.",
	"no_cards":        "Charges are on by transfers alone: cards are inactive.",
	"document_failed": "A document was refused: charges and payouts are off.",
	"incomplete":      "The seller never finished telling about the business.",
	"in_review":       "Stripe is looking at a document: charges and payouts are off.",
	"rejected":        "Stripe has rejected the account for fraud.",
	"unsupported":     "Everything is on, in Brazil.",
	"nameless":        "Everything is on, but it has no name anywhere.",
}

// personaChoice is a persona as a page offers it.
type personaChoice struct{ Name, About string }

func personaChoices() []personaChoice {
	choices := make([]personaChoice, len(standings))
	for i, s := range standings {
		choices[i] = personaChoice{s.name, personaAbout[s.name]}
	}
	return choices
}
