package registry

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/account"
)

var errCursor = account.InvalidField("cursor", "the cursor is not one of this list")

// cursor is where a page ended: the sort it belongs to, and the last row's key and id.
type cursor struct {
	Sort string `json:"s"`
	Key  string `json:"k"`
	ID   string `json:"i"`
}

func encodeCursor(c cursor) string {
	encoded, err := json.Marshal(c)
	if err != nil {
		panic(err) // three strings
	}
	return base64.RawURLEncoding.EncodeToString(encoded)
}

func decodeCursor(text, sort string) (cursor, error) {
	var c cursor
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(raw, &c) != nil || c.Sort != sort || !c.valid() {
		return c, errCursor
	}
	return c, nil
}

// valid reports whether Postgres can take the cursor's key for what the sort compares.
func (c cursor) valid() bool {
	if !account.IsText(c.Key + c.ID) {
		return false
	}
	if sorts[strings.TrimPrefix(c.Sort, "-")].typ != moment || c.Key == "infinity" || c.Key == "-infinity" {
		return true
	}
	_, err := time.Parse("2006-01-02 15:04:05.999999", c.Key)
	return err == nil
}

// CursorAt is the cursor of a list by a time, which sort names: where its page ended.
func CursorAt(sort string, at time.Time, id string) string {
	return encodeCursor(cursor{Sort: sort, Key: at.UTC().Format(time.RFC3339Nano), ID: id})
}

// NewestBefore is where a list goes on whose newest come first: where the cursor's page ended, or, without one, after every time
// that is stored. What is none of the list's cursors is an account.Error that names the field.
func NewestBefore(text, sort string) (at time.Time, id string, err error) {
	if text == "" {
		return time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), "", nil
	}
	return ParseCursorAt(text, sort)
}

// ParseCursorAt takes a list's cursor apart. What is none of its is an account.Error that names the field.
func ParseCursorAt(text, sort string) (at time.Time, id string, err error) {
	c, err := decodeCursor(text, sort)
	if err != nil {
		return at, "", err
	}
	if at, err = time.Parse(time.RFC3339Nano, c.Key); err != nil {
		return at, "", errCursor
	}
	return at, c.ID, nil
}
