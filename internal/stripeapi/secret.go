package stripeapi

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const redacted = "[redacted]"

// Secret is a string that prints as [redacted] in fmt, slog, JSON and text; string(s) is its value.
type Secret string

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// Format writes "[redacted]" whatever the verb is; without it a wrong verb would print the value.
func (Secret) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// LogValue returns "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[redacted]"; encoding/json uses it too.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// ModeOf tells the mode of a secret or restricted key by its prefix; ok is false for anything else
// (docs.stripe.com/keys).
func ModeOf(key string) (livemode, ok bool) {
	for _, prefix := range []string{"sk_", "rk_"} {
		switch rest, _ := strings.CutPrefix(key, prefix); {
		case rest == key:
		case strings.HasPrefix(rest, "test_") && len(rest) > len("test_"):
			return false, true
		case strings.HasPrefix(rest, "live_") && len(rest) > len("live_"):
			return true, true
		}
	}
	return false, false
}

// shortestSecret: no code or key of Stripe's is as short; what is shorter stands in other words too ("a").
const shortestSecret = 8

// redact removes the values of secrets from words that Stripe sends back: its messages repeat codes and keys.
func redact(words string, secrets ...Secret) string {
	for _, s := range secrets {
		if len(s) >= shortestSecret {
			words = strings.ReplaceAll(words, string(s), redacted)
		}
	}
	return words
}
