package web

import (
	"strconv"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/notify"
)

// deliveriesView is a page of what was, or is to be, sent.
type deliveriesView struct {
	paging
	At       string // the page's path
	States   []option
	Types    []option
	Event    string
	Account  string
	Endpoint string
	Active   bool // something is left out
	Rows     []deliveryRow
	LiveURL  string

	view address
}

func (deliveriesView) template() string { return "deliveries" }

// deliveryRow is one delivery.
type deliveryRow struct {
	ID, URL     string
	Type        string
	SellerID    string // whom the event tells of; ""
	SellerURL   string // the seller's accounts
	Place       string // the endpoint's URL; "": it was deleted
	EndpointURL string
	State       statusView
	Attempts    int
	Last        string // what came of the last attempt; "" before the first
	Next        *time.Time
	Made        time.Time
}

func newDeliveriesView(view address, page notify.DeliveryPage) deliveriesView {
	v := deliveriesView{
		paging: view.pages(page.Next), At: view.path, States: stateOptions(view.get("state")), Types: typeOptions(view.get("type")),
		Event: view.get("event"), Account: view.get("account"), Endpoint: view.get("endpoint"), Active: view.narrows(deliveryFilters...), view: view,
	}
	v.Searched = page.Searched
	for _, d := range page.Deliveries {
		v.Rows = append(v.Rows, newDeliveryRow(d))
	}
	return v
}

func stateOptions(chosen string) []option {
	options := []option{{Value: "", Words: "any"}, {Value: "failed", Words: "failed"}, {Value: "pending", Words: "waiting"}, {Value: "delivered", Words: "delivered"}}
	choose(options, chosen)
	return options
}

func typeOptions(chosen string) []option {
	options := []option{{Value: "", Words: "any"}}
	for _, t := range append(notify.Types(), notify.Test) {
		options = append(options, option{Value: t, Words: t})
	}
	choose(options, chosen)
	return options
}

func newDeliveryRow(d notify.Delivered) deliveryRow {
	row := deliveryRow{
		ID: d.ID, URL: deliveryPath(d.ID), Type: d.Type, SellerID: d.SellerID, Place: place(d.URL), State: deliveryState(d), Attempts: len(d.Attempts),
		Next: d.NextAttemptAt, Made: d.CreatedAt,
	}
	if d.SellerID != "" {
		row.SellerURL = accountsLike(d.SellerID)
	}
	if d.URL != "" {
		row.EndpointURL = endpointPath(d.EndpointID)
	}
	if n := len(d.Attempts); n > 0 {
		row.Last = attemptWords(d.Attempts[n-1])
	}
	if d.State != "pending" || d.URL == "" {
		row.Next = nil
	}
	return row
}

// deliveryState is the state in words; nothing is sent any more to an endpoint that was deleted.
func deliveryState(d notify.Delivered) statusView {
	switch {
	case d.State == "delivered":
		return statusView{"good", "Delivered"}
	case d.State == "failed":
		return statusView{"bad", "Failed"}
	case d.URL == "":
		return statusView{"plain", "Not sent"}
	case d.Tries == 0:
		return statusView{"plain", "Waiting"}
	}
	return statusView{"warn", "Trying again"}
}

// attemptWords say what came of an attempt.
func attemptWords(a client.DeliveryAttempt) string {
	switch {
	case a.Error != nil:
		return *a.Error
	case a.Status != nil:
		return "answered " + strconv.Itoa(*a.Status)
	}
	return "no answer"
}
