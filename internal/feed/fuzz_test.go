package feed_test

import (
	"testing"

	"github.com/connectd/connectd/internal/feed"
)

// FuzzParseCursor: what is read is a cursor as it was given, and nothing else is.
func FuzzParseCursor(f *testing.F) {
	for _, text := range []string{"1.0", "1.42", "0.1", "1", "1.-1", "+1.2", "01.2", "1.2.3", "9223372036854775807.9223372036854775808", "١.٢"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := feed.ParseCursor(text)
		if err == nil && (c.String() != text || c.Epoch < 1 || c.Position < 0) {
			t.Errorf("%q is read as %+v", text, c)
		}
	})
}
