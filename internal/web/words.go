package web

import (
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/words"
)

// answer is a yes, a no, or that Stripe has not said.
type answer string

const (
	yes     answer = "yes"
	no      answer = "no"
	unknown answer = "not known yet"
)

func answerOf(b *bool) answer {
	switch {
	case b == nil:
		return unknown
	case *b:
		return yes
	}
	return no
}

// answerView is a question of what an account can or cannot do, with its answer.
type answerView struct {
	Question string
	Answer   answer
	Words    string
	Meaning  string // what it means for the seller
}

func payouts(l *words.Language, b *bool) answerView {
	return answered(l, b, answerView{Question: l.Say("payouts", nil)}, l.Say("payouts.yes", nil), l.Say("payouts.no", nil))
}

func charges(l *words.Language, b *bool) answerView {
	return answered(l, b, answerView{Question: l.Say("charges", nil)}, l.Say("charges.yes", nil), l.Say("charges.no", nil))
}

func details(l *words.Language, b *bool) answerView {
	return answered(l, b, answerView{Question: l.Say("details", nil)}, l.Say("details.yes", nil), l.Say("details.no", nil))
}

// answered completes the question by its answer, and by what that means.
func answered(l *words.Language, b *bool, v answerView, ifYes, ifNo string) answerView {
	v.Answer = answerOf(b)
	switch v.Answer {
	case yes:
		v.Words, v.Meaning = l.Say("answer.yes", nil), ifYes
	case no:
		v.Words, v.Meaning = l.Say("answer.no", nil), ifNo
	case unknown:
		v.Words, v.Meaning = l.Say("answer.unknown", nil), l.Say("details.follow", nil)
	}
	return v
}

// statusView is a status in words, and its name for the style sheet.
type statusView struct {
	Name  string
	Words string
}

func newStatusView(status string) statusView {
	return statusView{Name: status, Words: words.English().Status(status)}
}

// sourceWords says by what way connectd learned something.
func sourceWords(source registry.Source) string {
	switch source {
	case registry.OAuth:
		return "the seller connecting"
	case registry.Webhook:
		return "a webhook"
	case registry.Scan:
		return "the health scan"
	case registry.Recheck:
		return "a re-check"
	case registry.Import:
		return "an import"
	case registry.ByPolicy:
		return "the policy"
	case registry.Person:
		return "a person"
	}
	return string(source)
}

// endWords says how a connection ended.
func endWords(reason string) string {
	switch reason {
	case "deauthorized":
		return "deauthorized at Stripe"
	case "unlinked":
		return "unlinked here"
	case "account_invalid":
		return "no longer connected, as Stripe says"
	}
	return reason
}
