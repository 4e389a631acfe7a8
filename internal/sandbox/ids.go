package sandbox

import (
	"crypto/rand"
	"fmt"
	"regexp"
)

const idAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// randomText is n characters of idAlphabet. The bias of the remainder is of no matter to ids that guard nothing real.
func randomText(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24: the program crashes instead
	for i := range b {
		b[i] = idAlphabet[int(b[i])%len(idAlphabet)]
	}
	return string(b)
}

// newID is an id of Stripe's form: a prefix that says what it is of, and what makes it unique.
func newID(prefix string) string {
	return prefix + "_1" + randomText(23)
}

func newAccountID() string {
	return "acct_1" + randomText(15)
}

var accountIDPattern = regexp.MustCompile(`^acct_[A-Za-z0-9_]{1,64}$`)

// batchAccountID is the id of the i-th account of a batch: ids of one batch sort in the order of their making.
func batchAccountID(prefix string, i int) string {
	return fmt.Sprintf("acct_1%s%08d", prefix, i)
}
