package account_test

import (
	"net/url"
	"path"
	"testing"

	"github.com/connectd/connectd/internal/account"
)

// FuzzCheckSellerID: an id that is taken stands in a path as it is, and means itself there.
func FuzzCheckSellerID(f *testing.F) {
	for _, id := range []string{"shop-42", ".", "..", "...", "a/b", "a%2fb", "ü", "a\x00", "", "a b", "user@example.com", "\xff"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if account.CheckSellerID(id) != nil {
			return
		}
		if len(id) > 255 || path.Clean("/x/"+id) != "/x/"+id || url.PathEscape(id) != id {
			t.Errorf("%q was taken", id)
		}
	})
}
