package account_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/account"
)

func TestSellerIDsAreOfAClosedAlphabet(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a", "42", "user:42@example.com", "A.b_C-d", "...", strings.Repeat("x", 255)} {
		if err := account.CheckSellerID(id); err != nil {
			t.Errorf("%q is refused: %v", id, err)
		}
	}
	for _, id := range []string{"", ".", "..", "a b", "a/b", "a\n", "é", "a\x00", "a%40b", strings.Repeat("x", 256)} {
		if kind := account.KindOf(account.CheckSellerID(id)); kind != account.Invalid {
			t.Errorf("%q is taken, or refused as %q", id, kind)
		}
	}
}

func TestKindOfFindsTheFirstError(t *testing.T) {
	t.Parallel()
	conflict := account.Errorf(account.Conflict, "seller %s has an account", "s1")
	tests := map[account.ErrorKind]error{
		account.Conflict: fmt.Errorf("connect: %w", errors.Join(errors.New("other"), conflict)),
		"":               errors.New("other"),
	}
	for want, err := range tests {
		if got := account.KindOf(err); got != want {
			t.Errorf("%v is %q, want %q", err, got, want)
		}
	}
	if conflict.Error() != "seller s1 has an account" {
		t.Errorf("message %q", conflict)
	}
}
