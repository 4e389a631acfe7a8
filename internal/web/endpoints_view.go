package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/notify"
)

// endpointsView is where events are sent to, and how that goes.
type endpointsView struct {
	Rows    []endpointRow
	New     newEndpoint
	LiveURL string
	Notice  string
}

func (endpointsView) template() string { return "endpoints" }

// newEndpoint is the form of one, as it was sent.
type newEndpoint struct {
	Asked          bool   // somebody wants it
	ID             string // the endpoint will have it
	URL            string
	Types          []string
	All            bool
	Problem, Field string // what is wrong, and of which field; ""
}

// Choices are the types that can be picked.
func (n newEndpoint) Choices() []option {
	var all []option
	for _, t := range notify.Types() {
		all = append(all, option{Value: t, Words: t, Selected: slices.Contains(n.Types, t)})
	}
	return all
}

// endpointRow is one endpoint in words.
type endpointRow struct {
	ID, URL   string
	Place     string // the endpoint's URL without its query, which may be secret
	Health    statusView
	Sentence  string // how it does, and why
	Off       bool
	Created   time.Time
	Answered  *time.Time
	Waiting   string
	Since     *time.Time // when the oldest of what waits was made
	Failed    string
	FailedURL string
	Types     []string // none: all
}

func newEndpointsView(all []notify.Health, form newEndpoint) endpointsView {
	v := endpointsView{New: form}
	for _, h := range all {
		v.Rows = append(v.Rows, newEndpointRow(h))
	}
	return v
}

func newEndpointRow(h notify.Health) endpointRow {
	health, sentence := healthWords(h)
	return endpointRow{
		ID: h.ID, URL: endpointPath(h.ID), Place: place(h.URL), Health: health, Sentence: sentence, Off: h.DisabledAt != nil,
		Created: h.CreatedAt, Answered: h.AnsweredAt,
		Waiting: waitingWords(h), Since: h.WaitingSince, Failed: numberTo(int64(h.Failed), notify.CountedAtMost),
		FailedURL: endpointPath(h.ID) + "?state=failed#deliveries", Types: h.Types,
	}
}

// healthWords say how an endpoint does, and why.
func healthWords(h notify.Health) (statusView, string) {
	switch {
	case h.DisabledAt != nil:
		return statusView{"bad", "Switched off"}, fmt.Sprintf("Nothing is sent to it since %s: every attempt failed%s%s.",
			moment(*h.DisabledAt), sinceWords(h.FailingSince), lastly(h))
	case h.FailingSince != nil:
		return statusView{"warn", "Failing"}, fmt.Sprintf("Every attempt has failed%s%s.", sinceWords(h.FailingSince), lastly(h))
	case h.AnsweredAt == nil && h.Waiting == 0:
		return statusView{"plain", "Not used yet"}, "It has taken nothing so far: send it a test event."
	case h.AnsweredAt == nil:
		return statusView{"plain", "Not used yet"}, "Its first event is on its way."
	}
	return statusView{"good", "Well"}, "It takes what is sent to it."
}

func sinceWords(t *time.Time) string {
	if t == nil {
		return ""
	}
	return " since " + moment(*t)
}

func lastly(h notify.Health) string {
	if h.LastFailure == "" {
		return ""
	}
	return ", the last with: " + h.LastFailure
}

func waitingWords(h notify.Health) string {
	if h.MoreWaiting {
		return "more than " + number(int64(h.Waiting-1))
	}
	return number(int64(h.Waiting))
}

// place is a URL without its query, which may be secret.
func place(endpoint string) string {
	before, _, secret := strings.Cut(endpoint, "?")
	if secret {
		return before + "?…"
	}
	return before
}
