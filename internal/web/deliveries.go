package web

import (
	"context"
	"net/http"
	"net/url"

	"github.com/connectd/connectd/internal/notify"
)

const deliveriesPath = "/admin/deliveries"

// deliveriesShown is how many a page has.
const deliveriesShown = 50

// listDeliveries is what was, or is to be, sent to all endpoints.
func (s *site) listDeliveries(w http.ResponseWriter, r *http.Request) {
	v, err := s.deliveriesOf(r.Context(), r.URL.Query(), "")
	if err != nil {
		s.problem(w, r, err, problemView{
			Title: "Not understood", Ways: []way{linkTo("Show all deliveries", deliveriesPath)},
		})
		return
	}
	var changed bool
	if v.LiveURL, changed = follow(w, r, v.view, digest(v)); !changed {
		return
	}
	s.render(w, r, http.StatusOK, v)
}

// deliveryFilters are the parameters that leave deliveries out.
var deliveryFilters = []string{"state", "type", "event", "account", "endpoint"}

// deliveriesOf is the page of deliveries that the address asks for, to one endpoint or, with "", to those it names.
func (s *site) deliveriesOf(ctx context.Context, asked url.Values, endpointID string) (deliveriesView, error) {
	view, err := readView(deliveriesPath, renamed(asked, "before", cursorParam), append(deliveryFilters, cursorParam)...)
	if err != nil {
		return deliveriesView{}, err
	}
	query := notify.DeliveryQuery{
		EndpointID: view.get("endpoint"), AccountID: view.get("account"), EventID: view.get("event"), State: view.get("state"),
		Type: view.get("type"), Before: view.get(cursorParam), Limit: deliveriesShown,
	}
	if endpointID != "" {
		query.EndpointID, view = endpointID, view.on(endpointPath(endpointID))
	}
	page, err := s.Endpoints.Find(ctx, query)
	if err != nil {
		return deliveriesView{}, err
	}
	return newDeliveriesView(view, page), nil
}
