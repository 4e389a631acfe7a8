package account

import "regexp"

var sellerID = regexp.MustCompile(`^[A-Za-z0-9._:@-]{1,255}$`)

// CheckSellerID refuses what can't be a seller's id: 1 to 255 of A-Z a-z 0-9 . _ : @ -, but not "." or "..", which URLs
// give a meaning of their own.
func CheckSellerID(id string) error {
	if !sellerID.MatchString(id) || id == "." || id == ".." {
		return InvalidField("seller_id", "a seller's id is 1 to 255 of A-Z a-z 0-9 . _ : @ -, and not . or ..")
	}
	return nil
}
