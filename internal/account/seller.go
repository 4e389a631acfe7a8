package account

import "strings"

const longestSellerID = 255

// CheckSellerID refuses what can't be a seller's id: 1 to 255 of A-Z a-z 0-9 . _ : @ -, but not "." or "..", which URLs
// give a meaning of their own.
func CheckSellerID(id string) error {
	if id == "" || len(id) > longestSellerID || id == "." || id == ".." || strings.ContainsFunc(id, isForeignToSellerIDs) {
		return InvalidField("seller_id", "a seller's id is 1 to 255 of A-Z a-z 0-9 . _ : @ -, and not . or ..")
	}
	return nil
}

func isForeignToSellerIDs(r rune) bool {
	isAlphanumeric := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !isAlphanumeric && !strings.ContainsRune("._:@-", r)
}
