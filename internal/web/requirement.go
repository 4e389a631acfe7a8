package web

import "github.com/connectd/connectd/internal/words"

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

// requirementWords says a requirement to admins, who read English.
func requirementWords(code string) string { return words.English().Requirement(code) }
