package web

import (
	"net/url"
	"strings"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// eventFilters are the query's names, those of GET /v1/events; the cursor is beside them.
var eventFilters = []string{"outcome", "type", "account", "received_after", "received_before", "limit"}

// readEventQuery reads the address of a page of events. What is wrong is an account.Error that names the field; registry holds the
// rest to its bounds.
func readEventQuery(asked url.Values) (registry.EventQuery, error) {
	for _, name := range append([]string{"id", "cursor"}, eventFilters...) {
		if !account.IsText(asked.Get(name)) {
			return registry.EventQuery{}, account.InvalidField(name, "The value of %s is not text.", name)
		}
	}
	q := registry.EventQuery{Cursor: asked.Get("cursor"), EventFilter: registry.EventFilter{
		Outcome: registry.Result(asked.Get("outcome")), Type: strings.TrimSpace(asked.Get("type")), Account: strings.TrimSpace(asked.Get("account")),
	}}
	var err error
	if q.ReceivedAfter, err = readTime(asked, "received_after"); err != nil {
		return q, err
	}
	if q.ReceivedBefore, err = readTime(asked, "received_before"); err != nil {
		return q, err
	}
	q.Limit, err = readLimit(asked)
	return q, err
}

// eventsAddress is a page of the same view but for the parameters in pairs; "" takes one out.
func eventsAddress(path string, asked url.Values, pairs ...string) string {
	view := url.Values{}
	for _, name := range eventFilters {
		if text := asked.Get(name); text != "" {
			view.Set(name, text)
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		view.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			view.Del(pairs[i])
		}
	}
	if len(view) == 0 {
		return path
	}
	return path + "?" + view.Encode()
}
