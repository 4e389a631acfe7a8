package api

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// withWholeQuery refuses a query of which a part would be lost: huma takes the first of a parameter's values, and what
// net/url can't read is left out. A lost filter would answer with more than was asked for. No parameter takes a list.
func withWholeQuery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "" {
			next.ServeHTTP(w, r)
			return
		}
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			writeProblem(w, newProblem(invalid, "", fieldError{
				Location: "query", Message: "can't be read: write name=value, joined by &, with % and ; percent-encoded",
			}))
			return
		}
		if found := repeatedIn(query); len(found) > 0 {
			writeProblem(w, newProblem(invalid, "", found...))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func repeatedIn(query url.Values) []fieldError {
	var found []fieldError
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if len(query[name]) > 1 && len(found) < maxFieldErrors {
			found = append(found, fieldError{Location: "query." + name, Message: "is given more than once"})
		}
	}
	return found
}
