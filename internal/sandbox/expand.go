package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
)

// maxExpansion is how deep Stripe expands (docs.stripe.com/expand#limitations).
const maxExpansion = 4

// expanded is the answer with the objects in the place of the ids that expand[] names (docs.stripe.com/expand). A
// property that holds no object the sandbox has stays as it is.
func (tx *transaction) expanded(req *apiRequest, body json.RawMessage) (json.RawMessage, error) {
	paths, err := req.form.texts("expand")
	if err != nil || len(paths) == 0 {
		return body, err
	}
	object, err := parseDocument(body)
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		steps := strings.Split(path, ".")
		if len(steps) > maxExpansion {
			return nil, badRequest("", "expand", "You cannot expand more than %d levels of a property (%s).", maxExpansion, path)
		}
		if err := tx.expand(req, object, steps); err != nil {
			return nil, badRequest("", "expand", "This property cannot be expanded (%s).", path)
		}
	}
	return encode(object)
}

var errNotExpandable = &apiError{status: http.StatusBadRequest, kind: invalidRequest}

func (tx *transaction) expand(req *apiRequest, object document, steps []string) error {
	if len(steps) == 0 {
		return nil
	}
	name := steps[0]
	if name == "line_items" && object["object"] == "checkout.session" {
		return tx.expandLines(req, object, steps[1:])
	}
	value, known := object[name]
	if !known {
		return errNotExpandable
	}
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			if d, ok := item.(document); ok {
				if err := tx.expand(req, d, steps[1:]); err != nil {
					return err
				}
			}
		}
	case document:
		return tx.expand(req, v, steps[1:])
	case string:
		loaded := tx.objectNamed(req.acting.ID, name, v)
		if loaded == nil {
			return nil
		}
		d, err := documentOf(loaded)
		if err != nil {
			return err
		}
		object[name] = d
		return tx.expand(req, d, steps[1:])
	}
	return nil
}

// objectNamed is what an id in a member of that name stands for, or nil.
func (tx *transaction) objectNamed(owner, name, id string) any {
	switch name {
	case "product":
		return anyOrNil(tx.products.get(owner, id))
	case "default_price", "price":
		return anyOrNil(tx.prices.get(owner, id))
	case "payment_intent":
		return anyOrNil(tx.intents.get(owner, id))
	case "payment_method":
		return anyOrNil(tx.methods.get(owner, id))
	default:
		return nil
	}
}

// anyOrNil keeps a nil pointer from becoming something that is not nil.
func anyOrNil[T any](object *T) any {
	if object == nil {
		return nil
	}
	return object
}

func (tx *transaction) expandLines(req *apiRequest, object document, rest []string) error {
	id, _ := object["id"].(string)
	s := tx.session(req.acting.ID, id)
	if s == nil {
		return errNotExpandable
	}
	list := linesObject{Object: "list", Data: s.Lines, URL: "/v1/checkout/sessions/" + id + "/line_items"}
	d, err := documentOf(list)
	if err != nil {
		return err
	}
	object["line_items"] = d
	return tx.expand(req, d, rest)
}

type linesObject struct {
	Object  string     `json:"object"`
	Data    []lineItem `json:"data"`
	HasMore bool       `json:"has_more"`
	URL     string     `json:"url"`
}

// session looks at what this request has made too.
func (tx *transaction) session(owner, id string) *checkoutSession {
	for i := range tx.change.Sessions {
		if made := &tx.change.Sessions[i]; made.Owner == owner && made.Object.Object.ID == id {
			return &made.Object
		}
	}
	return tx.sessions.get(owner, id)
}
