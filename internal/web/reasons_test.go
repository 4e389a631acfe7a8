package web

import (
	"slices"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/connectd/connectd/internal/account"
)

// TestACauseStandsInASentence of any seller: its first letter is small but of a name, and no full stop ends it.
func TestACauseStandsInASentence(t *testing.T) {
	t.Parallel()
	for _, r := range reasons {
		first, _ := utf8.DecodeRuneInString(r.cause)
		last, _ := utf8.DecodeLastRuneInString(r.cause)
		if unicode.IsUpper(first) && r.cause[:6] != "Stripe" || last == '.' || r.cause == "" {
			t.Errorf("%s: %q", r.code, r.cause)
		}
	}
	codes := make([]account.Code, len(reasons))
	for i, r := range reasons {
		codes[i] = r.code
	}
	slices.Sort(codes)
	if len(slices.Compact(codes)) != len(reasons) {
		t.Errorf("a code is there twice: %v", codes)
	}
	if got := causeOf("of_next_year"); got != "of_next_year" {
		t.Errorf("one that is not known is shown as %q", got)
	}
}
