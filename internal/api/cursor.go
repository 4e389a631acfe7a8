package api

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/internal/feed"
)

// cursorParam is a cursor of the feed in a request, "" for none.
type cursorParam string

// Resolve is called by huma. A cursor that is given and empty is a mistake of the caller's, and not the same as none: what
// happened since would be lost.
func (p cursorParam) Resolve(ctx huma.Context, at *huma.PathBuffer) []error {
	url := ctx.URL()
	if p == "" && !url.Query().Has(strings.TrimPrefix(at.String(), "query.")) {
		return nil
	}
	if _, err := feed.ParseCursor(string(p)); err != nil {
		return []error{&huma.ErrorDetail{Location: at.String(), Message: err.Error()}}
	}
	return nil
}

// cursor is what Resolve has looked at; ok is false where none was given.
func (p cursorParam) cursor() (c feed.Cursor, ok bool) {
	c, err := feed.ParseCursor(string(p))
	return c, err == nil
}
