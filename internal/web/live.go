package web

import (
	"net/http"
	"strconv"
)

// nothingShown is the version of whoever shows nothing yet. Feeds begin at 1, revisions at 0.
const nothingShown = -1

// fromScript reports whether a page of connectd's asks, for a part of itself.
func fromScript(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

// shownVersion is the version of what the page that asks shows; nothingShown where it wants to have it anyhow.
func shownVersion(r *http.Request) int64 {
	if !fromScript(r) {
		return nothingShown
	}
	version, err := strconv.ParseInt(r.URL.Query().Get("shown"), 10, 64)
	if err != nil || version < 0 {
		return nothingShown
	}
	return version
}
