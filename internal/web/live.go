package web

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
)

// nothingShown is the version of whoever shows nothing yet. No feed and no revision is below 0.
const nothingShown = -1

// fromScript reports whether a page of connectd's asks, for a part of itself.
func fromScript(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

// withSession loads the session. A page that only asks whether anything has changed does not keep it alive: one that is left open
// would do so for ever.
func (s *site) withSession(h http.Handler) http.Handler {
	kept := s.sessions.LoadAndSave(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if shownVersion(r) == nothingShown {
			kept.ServeHTTP(w, r)
			return
		}
		token := ""
		if cookie, err := r.Cookie(s.sessions.Cookie.Name); err == nil {
			token = cookie.Value
		}
		ctx, err := s.sessions.Load(r.Context(), token)
		if err != nil {
			s.broken(w, r, err)
			return
		}
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

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

// digest is a version of what a page shows where nothing counts its changes: another is shown by another.
func digest[T any](shown T) (int64, error) {
	text, err := json.Marshal(shown)
	if err != nil {
		return 0, fmt.Errorf("compare what a page shows: %w", err)
	}
	sum := fnv.New64a()
	_, _ = sum.Write(text) // never fails (hash.Hash)
	return int64(sum.Sum64() >> 1), nil
}
