package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
)

// maxBatch is the most accounts that one request may make.
const maxBatch = 2_000_000

// accountOrder is a wish for accounts without a browser.
type accountOrder struct {
	Persona   string `json:"persona"`
	ID        string `json:"id"`
	Type      string `json:"type"`
	Platform  string `json:"platform"`
	Connected *bool  `json:"connected"`
	Livemode  bool   `json:"livemode"`
	Count     *int   `json:"count"`
}

type batchObject struct {
	Count int    `json:"count"`
	First string `json:"first"`
	Last  string `json:"last"`
}

func (s *Sandbox) makeAccounts(r *http.Request) (json.RawMessage, error) {
	order, err := readJSON[accountOrder](r)
	if err != nil {
		return nil, err
	}
	var body json.RawMessage
	err = s.state.update(func(tx *transaction) error {
		a, err := tx.ordered(order)
		if err != nil {
			return err
		}
		if order.Count != nil {
			body, err = tx.addBatch(a, *order.Count)
			return err
		}
		tx.putAccount(a)
		body = a.json()
		return nil
	})
	return body, err
}

// ordered is an account as it was ordered; one that is connected is so without an event, for nobody granted anything.
func (tx *transaction) ordered(order accountOrder) (account, error) {
	a := account{ID: order.ID, Type: standard, Livemode: order.Livemode, Created: tx.now.Unix()}
	if order.Persona != "" {
		named, ok := personaNamed(order.Persona)
		if !ok {
			return a, refuse(http.StatusBadRequest, "No persona is called %q.", order.Persona)
		}
		a.Persona = named
	}
	if order.Type != "" {
		a.Type = accountType(order.Type)
		if !slices.Contains(accountTypes, a.Type) {
			return a, refuse(http.StatusBadRequest, "type is standard, express or custom, not %q.", order.Type)
		}
	}
	p := tx.platforms[0]
	if order.Platform != "" {
		p = tx.platform(order.Platform)
	}
	if p == nil {
		return a, refuse(http.StatusNotFound, "No platform has the account %s.", order.Platform)
	}
	if order.Connected == nil || *order.Connected {
		a.Platforms = []string{p.Account}
	}
	return a, tx.nameAccount(&a, order)
}

func (tx *transaction) nameAccount(a *account, order accountOrder) error {
	switch {
	case order.ID != "" && order.Count != nil:
		return refuse(http.StatusBadRequest, "id and count can't be given together.")
	case order.ID == "":
		a.ID = newAccountID()
	case !accountIDPattern.MatchString(order.ID):
		return refuse(http.StatusBadRequest, "id %q does not look like acct_….", order.ID)
	case tx.accounts[order.ID] != nil || tx.platform(order.ID) != nil:
		return refuse(http.StatusConflict, "There is an account %s already.", order.ID)
	}
	return nil
}

func (tx *transaction) addBatch(like account, count int) (json.RawMessage, error) {
	if count < 1 || count > maxBatch {
		return nil, refuse(http.StatusBadRequest, "count is between 1 and %d.", maxBatch)
	}
	b := accountBatch{Account: like, Prefix: randomText(7), Count: count}
	tx.change.Batches = append(tx.change.Batches, b)
	return encode(batchObject{
		Count: count, First: batchAccountID(b.Prefix, 0), Last: batchAccountID(b.Prefix, count-1),
	})
}

func (tx *transaction) anyAccount(id string) (*account, error) {
	a := tx.accounts[id]
	if a == nil || a.Deleted {
		return nil, refuse(http.StatusNotFound, "There is no account %s.", id)
	}
	return a, nil
}

// showAccount shows an account whether it is connected or not.
func (s *Sandbox) showAccount(r *http.Request) (json.RawMessage, error) {
	var body json.RawMessage
	err := s.state.view(func(tx *transaction) error {
		a, err := tx.anyAccount(r.PathValue("id"))
		if err != nil {
			return err
		}
		body = a.json()
		return nil
	})
	return body, err
}

// patchAccount applies a JSON merge patch. What makes the object an account, its id and its kind of object, stays.
func (s *Sandbox) patchAccount(r *http.Request) (json.RawMessage, error) {
	how, err := noticeOf(r)
	if err != nil {
		return nil, err
	}
	raw, err := readJSONBody(r)
	if err != nil {
		return nil, err
	}
	patch, err := parseDocument(raw)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "The body is not a JSON object: a merge patch is one.")
	}
	for _, fixed := range []string{"id", "object"} {
		if _, given := patch[fixed]; given {
			return nil, refuse(http.StatusBadRequest, "%s can't be changed.", fixed)
		}
	}
	var body json.RawMessage
	err = s.state.update(func(tx *transaction) error {
		a, err := tx.anyAccount(r.PathValue("id"))
		if err != nil {
			return err
		}
		changed, err := tx.patchAccount(a, patch, how, nil)
		if err != nil {
			return err
		}
		body = changed.json()
		return nil
	})
	return body, err
}

type disconnectedObject struct {
	Account      string   `json:"account"`
	Disconnected []string `json:"disconnected"`
}

// deauthorizeAccount is the seller's own doing, in its Dashboard: it disconnects all platforms.
func (s *Sandbox) deauthorizeAccount(r *http.Request) (json.RawMessage, error) {
	how, err := noticeOf(r)
	if err != nil {
		return nil, err
	}
	var body json.RawMessage
	err = s.state.update(func(tx *transaction) error {
		a, err := tx.anyAccount(r.PathValue("id"))
		if err != nil {
			return err
		}
		if err := tx.deauthorizeEverywhere(a, how); err != nil {
			return err
		}
		body, err = encode(disconnectedObject{Account: a.ID, Disconnected: a.Platforms})
		return err
	})
	return body, err
}

func (tx *transaction) deauthorizeEverywhere(a *account, how notice) error {
	if len(a.Platforms) == 0 {
		return refuse(http.StatusConflict, "The account %s is not connected.", a.ID)
	}
	gone := *a
	gone.Platforms = nil
	tx.putAccount(gone)
	for _, id := range a.Platforms {
		if how == announced {
			tx.emitApplicationEvent("account.application.deauthorized", a, tx.platform(id))
		}
	}
	return nil
}

func noticeOf(r *http.Request) (notice, error) {
	switch text := r.URL.Query().Get("silent"); text {
	case "", "0", "false":
		return announced, nil
	case "1", "true":
		return silent, nil
	default:
		return announced, refuse(http.StatusBadRequest, "silent is 1 or 0, not %q.", text)
	}
}
