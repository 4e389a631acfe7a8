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

// question is something that an account can or cannot do, and what the answer means for its seller.
type question struct {
	words   string
	yes, no string
}

var (
	payouts = question{
		words: "Payouts", yes: "Stripe pays out to your bank account.", no: "Stripe does not pay out to your bank account.",
	}
	charges = question{
		words: "Charges", yes: "Your account can take payments.", no: "Your account cannot take payments.",
	}
	details = question{
		words: "Details", yes: "You have given Stripe the details it asked for at first.", no: "Stripe still waits for your details.",
	}
)

// answerView is a question with its answer.
type answerView struct {
	Question string
	Answer   answer
	Meaning  string // "": nothing to add
}

func (q question) of(b *bool) answerView {
	v := answerView{Question: q.words, Answer: answerOf(b)}
	switch v.Answer {
	case yes:
		v.Meaning = q.yes
	case no:
		v.Meaning = q.no
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
