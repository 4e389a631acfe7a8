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

// Permits says to people what a key with the scope may do.
func (s Scope) Permits() string {
	switch s {
	case ReadinessRead:
		return "ask whether sellers can transact and why not, and follow what changes"
	case AccountsRead:
		return "read accounts, their history, scans and Stripe’s events: names and what Stripe asks for among them"
	case AccountsWrite:
		return "re-check, reassign and erase, unlink accounts that do not work, start and resume scans, replay events"
	case AccountsForce:
		return "beside accounts:write: unlink accounts that work"
	case OnboardingWrite:
		return "make sellers’ links, and connect accounts as any seller"
	case SellingWrite:
		return "make products and Checkout sessions on sellers’ accounts"
	case EventsWrite:
		return "choose where connectd sends its signed events, and read and repeat what was sent"
	}
	return ""
}

// ForceNothing reports whether a key of these scopes has AccountsForce for nothing: without AccountsWrite it opens nothing.
func ForceNothing(scopes []Scope) bool {
	return slices.Contains(scopes, AccountsForce) && !slices.Contains(scopes, AccountsWrite)
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
