package feed_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/connectd/connectd/internal/feed"
)

func TestACursorIsWhatItWasWrittenAs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := feed.Cursor{Epoch: rapid.Int64Min(1).Draw(t, "epoch"), Position: rapid.Int64Min(0).Draw(t, "position")}
		if got, err := feed.ParseCursor(want.String()); got != want || err != nil {
			t.Errorf("%s: %s, %v", want, got, err)
		}
	})
}

func TestWhatIsNoCursor(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", ".", "1", "1.", ".1", "0.1", "-1.1", "1.-1", "01.1", "1.01", "+1.1", "1.1.1", " 1.1", "1.1 ", "1,1", "1.1e3", "a.b",
		"1.9223372036854775808", "9223372036854775808.1", "1.1\x00", "١.١",
	} {
		if c, err := feed.ParseCursor(text); !errors.Is(err, feed.ErrMalformed) {
			t.Errorf("%q: %s, %v", text, c, err)
		}
	}
}
