package api

import (
	"testing"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/feed"
)

// FuzzSnapshotCursor: what is read is a place in the feed and a seller's id.
func FuzzSnapshotCursor(f *testing.F) {
	f.Add(snapshotCursor{feed.Cursor{Epoch: 1, Position: 2}, "s1"}.String())
	for _, text := range []string{"", "x", "MS4y", "MS4yIC4u", "MS4yIA"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseSnapshotCursor(text)
		if err == nil && (account.CheckSellerID(c.seller) != nil || c.feed.Epoch < 1) {
			t.Errorf("%q is read as %+v", text, c)
		}
	})
}

// FuzzHistoryCursor: what is read is a position.
func FuzzHistoryCursor(f *testing.F) {
	for _, text := range []string{"", "1", "0", "-1", "1e3", "9223372036854775808"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if at, err := positionOf(text); err == nil && text != "" && at < 1 {
			t.Errorf("%q is read as %d", text, at)
		}
	})
}

// FuzzUnmarshal: a body is read or refused, however deep, wide or odd it is.
func FuzzUnmarshal(f *testing.F) {
	for _, text := range []string{`{"seller_ids":["a"]}`, `{"seller_ids":{"a":1e999}}`, `{"seller_ids":"\ud800"}`, "\x00", `{"a":`, `[[[[`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(_ *testing.T, body []byte) {
		var any any
		_ = unmarshal(body, &any)
		_ = unmarshal(body, &readinessBatchParams{})
		_ = unmarshal(body, &verifyParams{})
	})
}
