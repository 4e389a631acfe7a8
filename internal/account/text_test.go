package account_test

import (
	"testing"

	"github.com/connectd/connectd/internal/account"
)

func TestTextIsWhatPostgresTakes(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"": true, "acct_1": true, "Žofie": true, "a\x00b": false, "\xff": false} {
		if got := account.IsText(s); got != want {
			t.Errorf("%q: %t, want %t", s, got, want)
		}
	}
}
