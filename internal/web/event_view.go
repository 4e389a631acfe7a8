package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/webhook"
)

// eventView is an event's page.
type eventView struct {
	eventRow
	Means        string // what the outcome means
	Does         string // what is done for events of its type
	Payload      string // ""
	Known        bool   // its account is
	PageURL      string // the account's
	SellerID     string
	DashboardURL string // the event at Stripe; ""
	Changes      []eventChangeView
	LookedAt     int
	Notice       string // how what was asked for went; ""
	Problem      string // why it was not applied again; ""
}

func (eventView) template() string { return "event" }

// eventChangeView is a change that an event made.
type eventChangeView struct {
	changeView
	URL string // where it stands in its account's history
}

func newEventView(e client.StripeEvent, payload string) eventView {
	v := eventView{eventRow: newEventRow(e), Means: outcomeMeans(e.Outcome), Payload: pretty(payload), LookedAt: changesLookedAt}
	does, done := webhook.Does(e.Type)
	if !done {
		does = "Nothing: events of this type are stored as ignored, without their payloads."
	}
	v.Does = strings.ReplaceAll(does, "`", "") // as Markdown marks code
	return v
}

// of adds the account that the event is of, and what it changed.
func (v *eventView) of(a client.Account, changes []client.Change) {
	v.Known, v.PageURL, v.SellerID = true, accountPath(a.ID), a.SellerID
	v.DashboardURL = eventURL(a, v.ID)
	for _, c := range changes {
		at := fmt.Sprintf("%s?before=%d#change-%d", v.PageURL, c.Position+1, c.Position)
		v.Changes = append(v.Changes, eventChangeView{newChangeView(a, c), at})
	}
}

func outcomeMeans(outcome string) string {
	switch registry.Result(outcome) {
	case registry.Applied:
		return "It had its effect, or agreed with what was known."
	case registry.Stale:
		return "What is known is newer, or of the same moment: it changed nothing."
	case registry.Disregard:
		return "Nothing is done for it."
	case registry.Failed:
		return "It should have had an effect, and could not be read. Nothing is told of it, its account is looked at again, and it is kept until a replay can read it."
	}
	return ""
}

// pretty is a payload as it is stored, but for its spaces.
func pretty(payload string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(payload), "", "  ") != nil {
		return payload
	}
	return b.String()
}
