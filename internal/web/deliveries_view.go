package web

import (
	"net/url"
	"strconv"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/notify"
)

// deliveriesView is a page of what was, or is to be, sent.
type deliveriesView struct {
	At       string // the page's path
	States   []option
	Types    []option
	Event    string
	Account  string
	Endpoint string
	Active   bool // something is left out
	Rows     []deliveryRow
	FirstURL string // "": this is the first page
	NextURL  string // "": this is the last
	Searched int    // how many were looked at, where the search goes on behind them; 0
	LiveURL  string
	view     url.Values
}

func (deliveriesView) template() string { return "deliveries" }

// deliveryRow is one delivery.
type deliveryRow struct {
	ID, URL     string
	Type        string
	Place       string // the endpoint's URL; "": it was deleted
	EndpointURL string
	State       statusView
	Attempts    int
	Last        string // what came of the last attempt; "" before the first
	Next        *time.Time
	Made        time.Time
}

func newDeliveriesView(at string, view url.Values, page notify.DeliveryPage) deliveriesView {
	v := deliveriesView{
		At: at, States: stateOptions(view.Get("state")), Types: typeOptions(view.Get("type")), Event: view.Get("event"),
		Account: view.Get("account"), Endpoint: view.Get("endpoint"), Searched: page.Searched, view: view,
	}
	for _, name := range deliveryFilters {
		v.Active = v.Active || view.Get(name) != ""
	}
	for _, d := range page.Deliveries {
		v.Rows = append(v.Rows, newDeliveryRow(d))
	}
	if view.Get("before") != "" {
		v.FirstURL = addressBefore(at, view, "")
	}
	if page.Next != "" {
		v.NextURL = addressBefore(at, view, page.Next)
	}
	return v
}

// addressBefore is the same view from before a row on; "" is its first page.
func addressBefore(at string, view url.Values, before string) string {
	query := url.Values{}
	for name := range view {
		query.Set(name, view.Get(name))
	}
	query.Del("before")
	if before != "" {
		query.Set("before", before)
	}
	if len(query) == 0 {
		return at
	}
	return at + "?" + query.Encode()
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
		ID: d.ID, URL: deliveryPath(d.ID), Type: d.Type, Place: place(d.URL), State: deliveryState(d), Attempts: len(d.Attempts),
		Next: d.NextAttemptAt, Made: d.CreatedAt,
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
