package web

import (
	"net/url"
	"strings"

	"github.com/connectd/connectd/internal/registry"
)

// eventParams are the parameters of a page of events, those of GET /v1/events.
var eventParams = []string{"outcome", "type", "account", "received_after", "received_before", "limit", cursorParam}

// eventFilters are those of them that leave events out.
var eventFilters = []string{"outcome", "type", "account", "received_after", "received_before"}

// readEventQuery reads the address of a page of events. What is wrong is an account.Error that names the field; registry holds the
// rest to its bounds.
func readEventQuery(asked url.Values) (registry.EventQuery, error) {
	if _, err := readView(eventsPath, asked, append(eventParams, "id")...); err != nil {
		return registry.EventQuery{}, err
	}
	q := registry.EventQuery{Cursor: asked.Get(cursorParam), EventFilter: registry.EventFilter{
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
