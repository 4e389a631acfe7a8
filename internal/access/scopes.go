package access

import (
	"slices"
	"strings"

	"github.com/connectd/connectd/internal/account"
)

// Scope is one thing that a key may do.
type Scope string

// The scopes.
const (
	ReadinessRead   Scope = "readiness:read"   // readiness, the snapshot, the feed
	AccountsRead    Scope = "accounts:read"    // accounts, scans, events
	AccountsWrite   Scope = "accounts:write"   // re-checks, unlinking, reassigning, scans, replays, erasing
	AccountsForce   Scope = "accounts:force"   // beside accounts:write, unlinking an account that works
	OnboardingWrite Scope = "onboarding:write" // links, OAuth states, verifying a code
	SellingWrite    Scope = "selling:write"    // products, Checkout sessions
	EventsWrite     Scope = "events:write"     // event endpoints, deliveries
)

// Scopes lists all scopes, in the order in which they are shown.
func Scopes() []Scope {
	return []Scope{ReadinessRead, AccountsRead, AccountsWrite, AccountsForce, OnboardingWrite, SellingWrite, EventsWrite}
}

// normalizeScopes drops repeats and puts the rest in the order of Scopes. One that does not exist is refused.
func normalizeScopes(asked []Scope) ([]string, error) {
	known := Scopes()
	for _, s := range asked {
		if !slices.Contains(known, s) {
			return nil, account.InvalidField("scopes", "There is no scope %q; the scopes are %s.", s, joinScopes(known))
		}
	}
	var kept []string
	for _, s := range known {
		if slices.Contains(asked, s) {
			kept = append(kept, string(s))
		}
	}
	if len(kept) == 0 {
		return nil, account.InvalidField("scopes", "A key needs a scope: one or more of %s.", joinScopes(known))
	}
	return kept, nil
}

func joinScopes(scopes []Scope) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}

func scopesOf(stored []string) []Scope {
	scopes := make([]Scope, len(stored))
	for i, s := range stored {
		scopes[i] = Scope(s)
	}
	return scopes
}
