package scan

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/stripeapi"
)

// Sellers say which seller holds an account that Stripe lists.
type Sellers struct {
	name string // tells them from others, so that an import that was broken off is gone on with by the same alone
	of   func(stripeapi.Listed) string
	file map[string][]string // by account, where they are a file's: its sellers, once each
}

// SellersByAccount takes an account's own id for its seller's.
func SellersByAccount() Sellers {
	return Sellers{name: "account", of: func(a stripeapi.Listed) string { return a.AccountID }}
}

const metadataPrefix = "metadata."

// SellersByMetadata takes what metadata.KEY of an account says; anything but that form is an account.Error.
func SellersByMetadata(text string) (Sellers, error) {
	key, ok := strings.CutPrefix(text, metadataPrefix)
	if !ok || key == "" {
		return Sellers{}, account.Errorf(account.Invalid, "--seller-id-from is %q and not metadata.KEY (example: metadata.seller_id).", text)
	}
	return Sellers{name: text, of: func(a stripeapi.Listed) string { return a.Metadata[key] }}, nil
}

// SellersByFile reads a CSV file with the header account,seller. What it says of single accounts may be wrong, and is then
// refused with the account; a file that is none is an account.Error.
func SellersByFile(r io.Reader) (Sellers, error) {
	sum := sha256.New()
	lines := csv.NewReader(io.TeeReader(r, sum))
	lines.FieldsPerRecord, lines.TrimLeadingSpace = 2, true
	header, err := lines.Read()
	if err != nil || !isHeader(header) {
		return Sellers{}, account.Errorf(account.Invalid, "The file does not begin with the header account,seller.")
	}
	file := map[string][]string{}
	for {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Sellers{}, account.Errorf(account.Invalid, "The file can't be read as CSV: %v.", err)
		}
		id, seller := storable(strings.TrimSpace(line[0])), storable(strings.TrimSpace(line[1]))
		if !slices.Contains(file[id], seller) {
			file[id] = append(file[id], seller)
		}
	}
	return Sellers{name: "csv " + hex.EncodeToString(sum.Sum(nil)), file: file}, nil
}

const (
	longestText = 300 // bytes: longer than any id that is taken, and short enough for the key of a refusal
	sellersTold = 3
)

// storable is what can be kept and shown of a text, which is no id where that differs from it.
func storable(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
	return strings.ToValidUTF8(text[:min(len(text), longestText)], "")
}

// namesOf are the first sellers, and how many more there are.
func namesOf(sellers []string) string {
	if len(sellers) <= sellersTold {
		return strings.Join(sellers, " ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(sellers[:sellersTold], " "), len(sellers)-sellersTold)
}

// isHeader takes one with a byte order mark, too, as spreadsheets write it.
func isHeader(line []string) bool {
	return strings.TrimPrefix(line[0], "\ufeff") == "account" && strings.TrimSpace(line[1]) == "seller"
}

// sellerOf is the account's seller, or why it has none.
func (s Sellers) sellerOf(a stripeapi.Listed) (sellerID, why string) {
	if s.file != nil {
		return s.inFile(a.AccountID)
	}
	sellerID = storable(s.of(a))
	if sellerID == "" {
		return "", "it has no " + s.name
	}
	return sellerID, faultOf(sellerID)
}

func (s Sellers) inFile(accountID string) (sellerID, why string) {
	named := s.file[accountID]
	switch {
	case len(named) == 0:
		return "", "the file does not name it"
	case len(named) > 1:
		return namesOf(named), fmt.Sprintf("the file names %d sellers for it", len(named))
	}
	return named[0], faultOf(named[0])
}

func faultOf(sellerID string) string {
	if err := account.CheckSellerID(sellerID); err != nil {
		return "its seller's id can't be one: 1 to 255 of A-Z a-z 0-9 . _ : @ -"
	}
	return ""
}

// ids are the file's accounts, in order; none where there is no file.
func (s Sellers) ids() []string { return slices.Sorted(maps.Keys(s.file)) }

// Total is how many accounts are named, 0 where that is not known.
func (s Sellers) Total() int64 { return int64(len(s.file)) }
