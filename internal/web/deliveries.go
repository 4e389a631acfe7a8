package web

import (
	"context"
	"net/http"
	"net/url"

	"github.com/connectd/connectd/internal/account"
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
			Title: "Not understood", Ways: []way{{Words: "Show all deliveries", URL: deliveriesPath, Method: follow}},
		})
		return
	}
	version, err := digest(v)
	switch {
	case err != nil:
		s.broken(w, r, err)
		return
	case shownVersion(r) == version:
		w.WriteHeader(http.StatusNoContent)
		return
	}
	v.LiveURL = liveURL(deliveriesPath, v.view, version)
	s.render(w, r, http.StatusOK, v)
}

// deliveryFilters are the parameters of the address.
var deliveryFilters = []string{"state", "type", "event", "account", "endpoint"}

// deliveriesOf is the page of deliveries that the address asks for, to one endpoint or, with "", to those it names.
func (s *site) deliveriesOf(ctx context.Context, asked url.Values, endpointID string) (deliveriesView, error) {
	view, err := textOf(asked, append(deliveryFilters, "before"))
	if err != nil {
		return deliveriesView{}, err
	}
	query := notify.DeliveryQuery{
		EndpointID: endpointID, AccountID: view.Get("account"), EventID: view.Get("event"), State: view.Get("state"), Type: view.Get("type"),
		Before: view.Get("before"), Limit: deliveriesShown,
	}
	at := endpointPath(endpointID)
	if endpointID == "" {
		query.EndpointID, at = view.Get("endpoint"), deliveriesPath
	}
	page, err := s.Endpoints.Find(ctx, query)
	if err != nil {
		return deliveriesView{}, err
	}
	return newDeliveriesView(at, view, page), nil
}

// textOf are the parameters of these names that say something.
func textOf(asked url.Values, names []string) (url.Values, error) {
	view := url.Values{}
	for _, name := range names {
		text := asked.Get(name)
		if !account.IsText(text) {
			return nil, account.InvalidField(name, "The value of %s is not text.", name)
		}
		if text != "" {
			view.Set(name, text)
		}
	}
	return view, nil
}
