package sandbox

import (
	"encoding/json"
	"net/http"
	"reflect"
)

func accountOperations() []operation {
	return []operation{
		{method: http.MethodGet, path: "/v1/account", run: retrieveOwnAccount},
		{method: http.MethodGet, path: "/v1/accounts", run: listAccounts},
		{method: http.MethodPost, path: "/v1/accounts", run: createAccount},
		{method: http.MethodGet, path: "/v1/accounts/{id}", run: retrieveAccount},
		{method: http.MethodPost, path: "/v1/accounts/{id}", run: updateAccount},
		{method: http.MethodDelete, path: "/v1/accounts/{id}", run: deleteAccount},
		{method: http.MethodPost, path: "/v1/accounts/{id}/reject", run: rejectAccount},
	}
}

func retrieveOwnAccount(_ *transaction, req *apiRequest) (json.RawMessage, error) {
	return req.acting.json(), nil
}

func retrieveAccount(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	if req.pathID == req.acting.ID {
		return req.acting.json(), nil
	}
	a, err := tx.connectedAccount(req, req.pathID)
	if err != nil {
		return nil, err
	}
	return a.json(), nil
}

func listAccounts(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	if req.isOfAccount() {
		return nil, platformRequired()
	}
	made, err := readTimeRange(req.form.field("created"))
	if err != nil {
		return nil, err
	}
	return req.pageOf(pageSource{
		what:   "account",
		length: len(tx.order),
		placeOf: func(id string) (int, bool) {
			a, err := tx.connectedAccount(req, id)
			if err != nil {
				return 0, false
			}
			return a.place, true
		},
		render: func(place int) (json.RawMessage, error) {
			a := tx.order[place]
			if a.Deleted || !a.connectedTo(req.platform.Account) || !made.has(a.Created) {
				return nil, nil
			}
			return a.json(), nil
		},
	})
}

func createAccount(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	if req.isOfAccount() {
		return nil, &apiError{
			status: http.StatusForbidden, kind: invalidRequest,
			message: "Connect platforms cannot create new accounts on behalf of their connected accounts.",
		}
	}
	kind := accountType(req.form.value("type"))
	if req.form.field("type") == nil {
		kind = standard
	}
	if _, ok := accountTemplates()[accountKind{0, kind}]; !ok {
		return nil, badRequest("", "type", "Invalid type: must be one of standard, express, or custom")
	}
	incomplete, _ := personaNamed("incomplete")
	a := account{
		ID: newAccountID(), Persona: incomplete, Type: kind, Created: tx.now.Unix(),
		Platforms: []string{req.platform.Account},
	}
	d, err := a.document()
	if err != nil {
		return nil, err
	}
	d["email"] = nil
	if code := req.form.value("country"); code != "" {
		d["default_currency"] = currencyOf(code)
	}
	after, err := assignAccount(d, req.form)
	if err != nil {
		return nil, err
	}
	if a, err = a.become(after); err != nil {
		return nil, err
	}
	tx.putAccount(a)
	return a.json(), nil
}

func updateAccount(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	a, err := tx.connectedAccount(req, req.pathID)
	if err != nil {
		return nil, err
	}
	before, err := a.document()
	if err != nil {
		return nil, err
	}
	after, err := assignAccount(before, req.form)
	if err != nil {
		return nil, err
	}
	changed, err := a.become(after)
	if err != nil {
		return nil, err
	}
	if reflect.DeepEqual(before, after) {
		return changed.json(), nil
	}
	tx.putAccount(changed)
	return changed.json(), tx.emitAccountUpdated(&changed, previousAttributes(before, after), req.cause())
}

type deletedObject struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Deleted bool   `json:"deleted"`
}

func deleteAccount(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	a, err := tx.connectedAccount(req, req.pathID)
	if err != nil {
		return nil, err
	}
	for _, id := range a.Platforms {
		tx.emitApplicationEvent("account.application.deauthorized", a, tx.platform(id))
	}
	gone := *a
	gone.Deleted, gone.Platforms = true, nil
	tx.putAccount(gone)
	return encode(deletedObject{ID: a.ID, Object: "account", Deleted: true})
}

// rejectReasons are those that a platform may give (docs.stripe.com/api/account/reject).
var rejectReasons = map[string]string{
	"fraud": "rejected.fraud", "terms_of_service": "rejected.terms_of_service", "other": "rejected.other",
}

func rejectAccount(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	if req.form.field("reason") == nil {
		return nil, missingParameter("reason")
	}
	reason, ok := rejectReasons[req.form.value("reason")]
	if !ok {
		return nil, badRequest("", "reason", "Invalid reason: must be one of fraud, terms_of_service, or other")
	}
	a, err := tx.connectedAccount(req, req.pathID)
	if err != nil {
		return nil, err
	}
	changed, err := tx.patchAccount(a, document{
		"charges_enabled": false, "payouts_enabled": false,
		"requirements": document{"disabled_reason": reason},
	}, announced, req.cause())
	if err != nil {
		return nil, err
	}
	return changed.json(), nil
}

// patchAccount applies the merge patch and, unless it is silent, tells the account's platforms. It refuses what would
// make no account of Stripe's.
func (tx *transaction) patchAccount(a *account, patch document, how notice, cause *eventRequest) (*account, error) {
	before, err := a.document()
	if err != nil {
		return nil, err
	}
	after := before.merged(patch, accountShape())
	for _, name := range sortedNames(patch) {
		if value, kept := after[name]; kept {
			if err := accountShape().checkMember("", name, value); err != nil {
				return nil, refuse(http.StatusBadRequest, "%v.", err)
			}
		}
	}
	changed, err := a.become(after)
	if err != nil {
		return nil, err
	}
	tx.putAccount(changed)
	if how == silent {
		return &changed, nil
	}
	return &changed, tx.emitAccountUpdated(&changed, previousAttributes(before, after), cause)
}
