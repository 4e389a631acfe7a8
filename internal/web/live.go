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

// follow is how a page that changes before one's eyes follows what it shows: it asks again and again at the address that comes back. One
// that shows this version already is answered that nothing has changed; any other is to be rendered.
func follow(w http.ResponseWriter, r *http.Request, at address, version int64) (url string, changed bool) {
	if shownVersion(r) == version {
		w.WriteHeader(http.StatusNoContent)
		return "", false
	}
	return liveURL(at, version), true
}

// liveURL is where a page that shows the version asks for what there is after it.
func liveURL(at address, version int64) string {
	return at.with("shown", strconv.FormatInt(version, 10)).String()
}

// digest is a version of what a page shows where nothing counts its changes: another is shown by another.
func digest[T any](shown T) int64 {
	text, err := json.Marshal(shown)
	if err != nil {
		panic(fmt.Errorf("compare what a page shows: %w", err)) // words, numbers and times
	}
	sum := fnv.New64a()
	_, _ = sum.Write(text)         // never fails (hash.Hash)
	return int64(sum.Sum64() >> 1) //nolint:gosec // without its highest bit
}

// noticeKey is where a session keeps a sentence for the next page.
const noticeKey = "notice"

// notice is how what was asked for went, for the page to say once; "". A script takes parts of a page, of which it is none.
func (s *site) notice(r *http.Request) string {
	if fromScript(r) {
		return ""
	}
	return s.sessions.PopString(r.Context(), noticeKey)
}
