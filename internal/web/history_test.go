package web

import (
	"testing"
	"time"

	"github.com/connectd/connectd/client"
)

// TestReassignmentAtAPagesEnd is one change on one page, wherever the page ends.
func TestReassignmentAtAPagesEnd(t *testing.T) {
	t.Parallel()
	for newer := range int64(historyLength + 2) {
		var changes []client.Change
		for position := int64(historyLength + 20); position > 0; position-- {
			changes = append(changes, client.Change{Position: position, Source: "webhook", SellerID: "s2", At: time.Unix(position, 0)})
		}
		from, to := &changes[newer+1], &changes[newer]
		from.Source, to.Source, from.SellerID, from.At = "person", "person", "s1", to.At
		var shown []changeView
		for older := int64(0); ; {
			var page []changeView
			rest := changes
			if older != 0 {
				rest = changes[int64(len(changes))-older+1:]
			}
			page, older = newHistory(client.Account{SellerID: "s2"}, rest[:min(len(rest), historyLength+2)])
			shown = append(shown, page...)
			if older == 0 {
				break
			}
		}
		if len(shown) != len(changes)-1 || shown[newer].What[0] != "reassigned from seller s1 to seller s2" {
			t.Errorf("behind %d others: %d changes of %d are shown", newer, len(shown), len(changes))
		}
	}
}
