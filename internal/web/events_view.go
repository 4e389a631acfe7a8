package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/webhook"
)

// eventsView is a page of Stripe's events.
type eventsView struct {
	Tabs      []eventTab
	Filter    eventFilterView
	Rows      []eventRow
	LiveURL   string // asks whether newer ones have come; "": it is known, or this is not the first page
	News      bool   // newer ones have come
	FreshURL  string // the same view with them
	FirstURL  string // "": this is the first page
	NextURL   string // "": this is the last
	Searched  int    // how many events were looked at, where the search goes on behind them; 0
	Until     time.Time
	ByCreated bool   // the order of those that failed
	ReplayURL string // leads to the replay of those that failed; ""
	Notice    string // how what was asked for went; ""
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

func newEventsView(asked url.Values, page registry.EventsShown, failed int64, now time.Time) eventsView {
	v := eventsView{
		Tabs: newEventTabs(asked, failed), Filter: newEventFilterView(asked, now), Searched: page.Searched, Until: page.Until,
		ByCreated: asked.Get("outcome") == string(registry.Failed), FreshURL: eventsAddress(eventsPath, asked),
	}
	for _, e := range page.Events {
		v.Rows = append(v.Rows, newEventRow(e))
	}
	if asked.Get("cursor") != "" {
		v.FirstURL = v.FreshURL
	}
	if page.NextCursor != "" {
		v.NextURL = eventsAddress(eventsPath, asked, "cursor", page.NextCursor)
	}
	if v.ByCreated && (len(v.Rows) > 0 || v.Searched > 0) {
		v.ReplayURL = eventsAddress(replayPath, asked, "outcome", "")
	}
	return v
}

func newEventRow(e client.StripeEvent) eventRow {
	row := eventRow{
		ID: e.ID, URL: eventPath(e.ID), Type: e.Type, Account: client.Text(e.Account), Created: e.Created, Received: e.ReceivedAt,
		Outcome: statusView{e.Outcome, outcomeWords(e.Outcome)}, Why: client.Text(e.Why),
	}
	if row.Account != "" {
		row.AccountURL = withQuery(eventsPath, "account", row.Account)
	}
	return row
}

// live makes the first page ask whether newer events have come than it shows, and says so once they have.
func (v *eventsView) live(asked url.Values, shown, version int64) {
	if asked.Get("cursor") != "" {
		return
	}
	if v.News = shown != nothingShown; v.News {
		return
	}
	v.LiveURL = eventsAddress(eventsPath, asked, "shown", strconv.FormatInt(version, 10))
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
func newEventTabs(asked url.Values, failed int64) []eventTab {
	tabs := []eventTab{{Words: "All", URL: eventsPath, ID: "tab-all", Current: asked.Get("outcome") == ""}}
	for _, outcome := range outcomes {
		name := string(outcome)
		tabs = append(tabs, eventTab{
			Words: outcomeWords(name), URL: withQuery(eventsPath, "outcome", name), ID: "tab-" + name, Current: asked.Get("outcome") == name,
		})
	}
	tabs[1].Count = strconv.FormatInt(failed, 10)
	if failed > failedCounted {
		tabs[1].Count = fmt.Sprintf("more than %d", failedCounted)
	}
	return tabs
}

func newEventFilterView(asked url.Values, now time.Time) eventFilterView {
	v := eventFilterView{
		Type: asked.Get("type"), Account: asked.Get("account"), Types: webhook.Types(), Received: newReceived(asked.Get("received_after"), now),
	}
	for _, name := range []string{"outcome", "received_before", "limit"} {
		if text := asked.Get(name); text != "" {
			v.Kept = append(v.Kept, hiddenField{name, text})
		}
	}
	if before := asked.Get("received_before"); before != "" {
		v.Bounds = []bound{{Words: "Received before", Value: before, WithoutURL: eventsAddress(eventsPath, asked, "received_before", "")}}
	}
	for _, name := range []string{"outcome", "type", "account", "received_after", "received_before"} {
		v.Active = v.Active || asked.Get(name) != ""
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

// lotSize is how many events a lot has at most.
const lotSize = webhook.LotSize

// lotView asks whether a lot of the failed events is to be applied again.
type lotView struct {
	Events   int
	NextURL  string // looks at those behind them; "": there are none
	Of       []hiddenField
	Kept     []hiddenField // what the form sends along
	BackURL  string
	FirstURL string // the first lot; "": this is it
	Notice   string // how the lot before went; ""
}

func (lotView) template() string { return "events_replay" }

func newLotView(asked url.Values, events int, next string) lotView {
	v := lotView{Events: events, BackURL: eventsAddress(eventsPath, asked, "outcome", string(registry.Failed))}
	for _, name := range []string{"type", "account", "received_after", "received_before", "cursor"} {
		text := asked.Get(name)
		if text == "" {
			continue
		}
		v.Kept = append(v.Kept, hiddenField{name, text})
		if name != "cursor" {
			v.Of = append(v.Of, hiddenField{filterWords[name], text})
		}
	}
	if asked.Get("cursor") != "" {
		v.FirstURL = eventsAddress(replayPath, asked)
	}
	if next != "" {
		v.NextURL = eventsAddress(replayPath, asked, "cursor", next)
	}
	return v
}

var filterWords = map[string]string{
	"type": "of type", "account": "of account", "received_after": "received after", "received_before": "received before",
}

// lotWords says what became of a lot.
func lotWords(lot webhook.Lot) string {
	if lot.Events == 0 {
		return "None of those that were looked at failed as you chose."
	}
	words := count(int64(lot.Events), "event") + " applied again: "
	for i, outcome := range []registry.Result{registry.Applied, registry.Stale, registry.Disregard} {
		if i > 0 {
			words += ", "
		}
		words += fmt.Sprintf("%s %s", number(int64(lot.Outcomes[outcome])), lowerFirst(outcomeWords(string(outcome))))
	}
	words += ", " + number(int64(lot.StillFailed())) + " still failed"
	if bare := lot.Skipped[registry.Failed]; bare > 0 {
		words += fmt.Sprintf(", of which %s were kept without what it takes: re-check their accounts instead", number(int64(bare)))
	}
	return words + "."
}
