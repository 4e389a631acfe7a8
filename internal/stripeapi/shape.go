package stripeapi

import (
	"regexp"
	"strings"
)

// Shape is the form of what Stripe gives a platform: a prefix, and after it letters and digits.
type Shape struct {
	what     string
	prefixes []string
	least    int // characters after the prefix
}

// The shapes, with the fewest characters that are taken. Stripe's own have more (docs.stripe.com/keys): what stands in for
// Stripe in tests gives out shorter ones.
var (
	SecretKey      = Shape{"a secret key", []string{"sk_test_", "sk_live_", "rk_test_", "rk_live_"}, 10}
	PublishableKey = Shape{"a publishable key", []string{"pk_test_", "pk_live_"}, 1}
	ClientID       = Shape{"an OAuth client id", []string{"ca_"}, 4}
	SigningSecret  = Shape{"a signing secret", []string{"whsec_"}, 4}
)

// Fault says, for people and without repeating the value, why Stripe can't have given it out; "" where it can.
func (s Shape) Fault(value string) string {
	body, prefixed := s.body(value)
	switch {
	case !prefixed:
		return "is not " + s.what
	case isPlaceholder(body):
		return "is a placeholder, not " + s.what
	case !wordPattern.MatchString(body):
		return "holds a space or another character that " + s.what + " never has"
	case len(body) < s.least:
		return "is too short for " + s.what + ": copy all of it"
	}
	return ""
}

// ofStripe is how many characters all signing secrets of Stripe's have after their prefix: the Dashboard's 32, stripe listen's 64.
const ofStripe = 32

// Guessable reports whether a signing secret is shorter than any of Stripe's: who guesses it can forge events.
func Guessable(secret Secret) bool {
	body, _ := SigningSecret.body(string(secret))
	return len(body) < ofStripe
}

func (s Shape) body(value string) (body string, prefixed bool) {
	for _, prefix := range s.prefixes {
		if body, prefixed = strings.CutPrefix(value, prefix); prefixed {
			return body, true
		}
	}
	return "", false
}

var wordPattern = regexp.MustCompile(`^[A-Za-z0-9_]*$`)

// isPlaceholder knows what stands in samples: nothing, dots, one character over and over, "your key".
func isPlaceholder(body string) bool {
	return strings.Trim(body, ".…") == "" || len(body) > 3 && strings.Trim(body, body[:1]) == "" ||
		strings.HasPrefix(strings.ToLower(body), "your")
}
