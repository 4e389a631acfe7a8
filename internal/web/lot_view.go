package web

import (
	"fmt"

	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/webhook"
)

// lotSize is how many events a lot has at most.
const lotSize = webhook.LotSize

// lotView asks whether a lot of the failed events is to be applied again.
type lotView struct {
	paging  // through the lots
	Events  int
	Of      []hiddenField
	Kept    []hiddenField // what the form sends along
	BackURL string
	Notice  string // how the lot before went; ""
}

func (lotView) template() string { return "events_replay" }

func newLotView(view address, events int, next string) lotView {
	of := view.with(cursorParam, "")
	v := lotView{
		paging: view.pages(next), Events: events, BackURL: failedLike(of).String(),
		Kept: view.sends(append(eventFilters, cursorParam)...),
	}
	for _, field := range of.sends(eventFilters...) {
		v.Of = append(v.Of, hiddenField{filterWords[field.Name], field.Value})
	}
	return v
}

// failedLike is the list of those failed events that a lot is taken from.
func failedLike(lot address) address {
	return lot.on(eventsPath).with("outcome", string(registry.Failed))
}

// failedEvents is the list of all events that failed.
func failedEvents() address { return failedLike(pageAt(eventsPath)) }

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
