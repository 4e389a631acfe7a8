package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
)

func webhookEndpointOperations() []operation {
	return []operation{
		{method: http.MethodGet, path: "/v1/webhook_endpoints", run: listWebhookEndpoints},
		{method: http.MethodPost, path: "/v1/webhook_endpoints", run: createWebhookEndpoint},
		{method: http.MethodGet, path: "/v1/webhook_endpoints/{id}", run: retrieveWebhookEndpoint},
		{method: http.MethodPost, path: "/v1/webhook_endpoints/{id}", run: updateWebhookEndpoint},
		{method: http.MethodDelete, path: "/v1/webhook_endpoints/{id}", run: deleteWebhookEndpoint},
	}
}

func listWebhookEndpoints(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	return req.pageOf(pageSource{
		what:   "webhook endpoint",
		length: len(tx.endpoints),
		placeOf: func(id string) (int, bool) {
			for place, e := range tx.endpoints {
				if e.ID == id && e.Platform == req.acting.ID {
					return place, true
				}
			}
			return 0, false
		},
		render: func(place int) (json.RawMessage, error) {
			if tx.endpoints[place].Platform != req.acting.ID {
				return nil, nil
			}
			return tx.endpoints[place].json(req.platform)
		},
	})
}

func (tx *transaction) ownEndpoint(req *apiRequest) (*webhookEndpoint, error) {
	e := tx.endpoint(req.pathID)
	if e == nil || e.Platform != req.acting.ID {
		return nil, resourceMissing("id", "webhook endpoint", req.pathID)
	}
	return e, nil
}

func retrieveWebhookEndpoint(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	e, err := tx.ownEndpoint(req)
	if err != nil {
		return nil, err
	}
	return e.json(req.platform)
}

func createWebhookEndpoint(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	for _, name := range []string{"url", "enabled_events"} {
		if req.form.field(name) == nil {
			return nil, missingParameter(name)
		}
	}
	e := newWebhookEndpoint(req.platform, tx.now.Unix())
	e.Platform = req.acting.ID
	e.Version = req.form.value("api_version")
	var err error
	if e.Connect, err = req.form.boolean("connect"); err != nil {
		return nil, err
	}
	if err := e.assign(req.form); err != nil {
		return nil, err
	}
	tx.change.Endpoints = append(tx.change.Endpoints, e)
	// The secret is told here and never again (docs.stripe.com/api/webhook_endpoints/object).
	object := e.object(req.platform)
	object.Secret = e.Secret
	return encode(object)
}

func updateWebhookEndpoint(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	known, err := tx.ownEndpoint(req)
	if err != nil {
		return nil, err
	}
	e := *known
	if req.form.field("disabled") != nil {
		if e.Disabled, err = req.form.boolean("disabled"); err != nil {
			return nil, err
		}
	}
	if err := e.assign(req.form); err != nil {
		return nil, err
	}
	tx.change.Endpoints = append(tx.change.Endpoints, e)
	return e.json(req.platform)
}

// assign takes over what the form gives.
func (e *webhookEndpoint) assign(form *parameter) error {
	if form.field("url") != nil {
		e.URL = form.value("url")
		if !isWebURL(e.URL) {
			return badRequest("url_invalid", "url", "Invalid URL: An explicit scheme (such as https) must be provided.")
		}
	}
	if form.field("enabled_events") != nil {
		types, err := form.texts("enabled_events")
		if err != nil {
			return err
		}
		if len(types) == 0 {
			return badRequest("", "enabled_events", "enabled_events must name at least one type of event.")
		}
		e.EnabledEvents = types
	}
	if form.field("description") != nil {
		e.Description = form.value("description")
	}
	var err error
	e.Metadata, err = mergedMetadata(e.Metadata, form)
	return err
}

func isWebURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func deleteWebhookEndpoint(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	e, err := tx.ownEndpoint(req)
	if err != nil {
		return nil, err
	}
	tx.change.Removed = append(tx.change.Removed, e.ID)
	return encode(deletedObject{ID: e.ID, Object: "webhook_endpoint", Deleted: true})
}
