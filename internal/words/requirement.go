package words

import (
	"regexp"
	"strings"

	"github.com/connectd/connectd/client"
)

var (
	person = regexp.MustCompile(`^person_[A-Za-z0-9]+$`)
	// intervention begins the names of what Stripe's reviews of risk ask for.
	intervention = regexp.MustCompile(`^interv_[A-Za-z0-9]+\.`)
)

// Requirement says what Stripe needs, by Stripe's name of it (docs.stripe.com/connect/required-verification-information). A
// name that is not known is read out as it is written.
func (l *Language) Requirement(code string) string {
	if whole := l.among("requirement.whole.", code); whole != "" {
		return whole
	}
	if asked := intervention.FindString(code); asked != "" {
		return l.Say("requirement.review", Args{"Thing": strings.ToLower(readOut(code[len(asked):]))})
	}
	first, rest, more := strings.Cut(code, ".")
	subject := l.subject(first)
	if subject == "" || !more {
		return readOut(code)
	}
	thing := l.among("requirement.thing.", rest)
	if thing == "" {
		thing = readOut(rest)
	}
	return l.Say("requirement.of", Args{"Thing": thing, "Subject": subject})
}

// subject is whom the first part of a requirement's name speaks of; "" where it speaks of nobody.
func (l *Language) subject(first string) string {
	if person.MatchString(first) {
		return l.Say("requirement.person", nil)
	}
	return l.among("requirement.subject.", first)
}

func readOut(name string) string {
	words := strings.NewReplacer("_", " ", ".", ": ").Replace(name)
	if words == "" {
		return words
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// Fault says why what was given to Stripe did not do. Stripe says it in English alone: to others it is said by its code,
// where that is known. The tag is the language that it is said in.
func (l *Language) Fault(e client.RequirementError) (said, tag string) {
	if e.Reason != "" && l == English() {
		return e.Reason, l.Tag()
	}
	if known := l.among("fault.", e.Code); known != "" {
		return known, l.Tag()
	}
	if e.Reason != "" {
		return e.Reason, English().Tag()
	}
	return readOut(e.Code), English().Tag()
}
