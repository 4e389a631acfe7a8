package web

import (
	"slices"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/webhook"
)

// eventsView is a page of Stripe's events.
type eventsView struct {
	paging
	Tabs      []eventTab
	Filter    eventFilterView
	Rows      []eventRow
	LiveURL   string    // asks whether newer ones have come; "": it is known, or this is not the first page
	News      bool      // newer ones have come
	FreshURL  string    // the same view with them
	Until     time.Time // back to when the search has looked
	ByCreated bool      // the order of those that failed
	ReplayURL string    // leads to the replay of those that failed; ""
	Notice    string    // how what was asked for went; ""
}

func (eventsView) template() string { return "events" }

// eventTab shows the events of one outcome, or all.
type eventTab struct {
	Words, URL, ID, Count string
	Current               bool
}

// eventFilterView is the form above the events.
type eventFilterView struct {
	Type, Account string
	Types         []string // which something is done for
	Received      []option
	Kept          []hiddenField
	Bounds        []bound
	Active        bool
}

// eventRow is one event.
type eventRow struct {
	ID, URL, Type       string
	Account, AccountURL string // ""
	Created, Received   time.Time
	Outcome             statusView
	Why                 string
}

func newEventsView(view address, page registry.EventsShown, failed int64, now time.Time) eventsView {
	first := view.with(cursorParam, "")
	v := eventsView{
		paging: view.pages(page.NextCursor), Tabs: newEventTabs(view.get("outcome"), failed), Filter: newEventFilterView(first, now), Until: page.Until,
		ByCreated: view.get("outcome") == string(registry.Failed), FreshURL: first.String(),
	}
	v.Searched = page.Searched
	for _, e := range page.Events {
		v.Rows = append(v.Rows, newEventRow(e))
	}
	if v.ByCreated && (len(v.Rows) > 0 || v.Searched > 0) {
		v.ReplayURL = first.on(replayPath).with("outcome", "").String()
	}
	return v
}

func newEventRow(e client.StripeEvent) eventRow {
	row := eventRow{
		ID: e.ID, URL: eventPath(e.ID), Type: e.Type, Account: client.Text(e.Account), Created: e.Created, Received: e.ReceivedAt,
		Outcome: statusView{e.Outcome, outcomeWords(e.Outcome)}, Why: client.Text(e.Why),
	}
	if row.Account != "" {
		row.AccountURL = pageAt(eventsPath).with("account", row.Account).String()
	}
	return row
}

var outcomes = []registry.Result{registry.Failed, registry.Applied, registry.Stale, registry.Disregard}

func outcomeWords(outcome string) string {
	switch registry.Result(outcome) {
	case registry.Applied:
		return "Applied"
	case registry.Stale:
		return "Stale"
	case registry.Disregard:
		return "Ignored"
	case registry.Failed:
		return "Failed"
	}
	return outcome
}

// newEventTabs: each leads to all events of an outcome, whatever else is searched for. Those that failed are counted, which are few
// and want something.
func newEventTabs(current string, failed int64) []eventTab {
	tabs := []eventTab{{Words: "All", URL: eventsPath, ID: "tab-all", Current: current == ""}}
	for _, outcome := range outcomes {
		name := string(outcome)
		tabs = append(tabs, eventTab{
			Words: outcomeWords(name), URL: pageAt(eventsPath).with("outcome", name).String(), ID: "tab-" + name, Current: current == name,
		})
	}
	tabs[1].Count = numberTo(failed, countedAtMost)
	return tabs
}

func newEventFilterView(view address, now time.Time) eventFilterView {
	v := eventFilterView{
		Type: view.get("type"), Account: view.get("account"), Types: webhook.Types(), Received: newReceived(view.get("received_after"), now),
		Kept: view.sends("outcome", "received_before", "limit"), Active: view.narrows(eventFilters...),
	}
	if before := view.get("received_before"); before != "" {
		v.Bounds = []bound{{Words: "Received before", Value: before, WithoutURL: view.with("received_before", "").String()}}
	}
	return v
}

// newReceived offers to see what came of late. The address holds the moment, so that a view that is shared stays what it was.
func newReceived(asked string, now time.Time) []option {
	hour, today := now.UTC().Truncate(time.Hour), now.UTC().Truncate(24*time.Hour)
	options := []option{
		{Value: "", Words: "at any time"},
		{Value: machine(hour.Add(-time.Hour)), Words: "within an hour or two"},
		{Value: machine(today), Words: "today (UTC)"},
		{Value: machine(today.AddDate(0, 0, -7)), Words: "within 7 days"},
	}
	choose(options, asked)
	if !slices.ContainsFunc(options, func(o option) bool { return o.Selected }) {
		options = append(options, option{Value: asked, Words: "after " + asked, Selected: true})
	}
	return options
}
