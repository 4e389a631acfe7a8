package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// eventOrder is a wish for any event; Data is its object.
type eventOrder struct {
	Type     string          `json:"type"`
	Account  string          `json:"account"`
	Data     json.RawMessage `json:"data"`
	Previous json.RawMessage `json:"previous_attributes"`
	Created  int64           `json:"created"`
	ID       string          `json:"id"`
	Livemode bool            `json:"livemode"`
	Version  string          `json:"api_version"`
}

// makeEvent delivers an event as it was ordered, whether or not what it says is so.
func (s *Sandbox) makeEvent(r *http.Request) (json.RawMessage, error) {
	order, err := readJSON[eventOrder](r)
	if err != nil {
		return nil, err
	}
	if order.Type == "" {
		return nil, refuse(http.StatusBadRequest, "type is missing.")
	}
	if order.Data == nil {
		order.Data = json.RawMessage("{}")
	}
	var body json.RawMessage
	err = s.state.update(func(tx *transaction) error {
		e := tx.emit(event{
			ID: order.ID, Type: order.Type, Account: order.Account, Created: order.Created, Livemode: order.Livemode,
			Version: order.Version, Object: order.Data, Previous: order.Previous, Platforms: tx.platformsOf(order.Account),
		})
		body, err = e.json()
		return err
	})
	return body, err
}

// platformsOf are those that hear of the account: the ones that it is connected to, else all, so that an event of an
// account that nobody knows can be made too.
func (tx *transaction) platformsOf(accountID string) []string {
	if a := tx.accounts[accountID]; a != nil && len(a.Platforms) > 0 {
		return a.Platforms
	}
	if accountID == "" {
		return []string{tx.platforms[0].Account}
	}
	var all []string
	for _, p := range tx.platforms {
		all = append(all, p.Account)
	}
	return all
}

func (s *Sandbox) redeliverEvent(r *http.Request) (json.RawMessage, error) {
	var body json.RawMessage
	err := s.state.update(func(tx *transaction) error {
		known := tx.events[r.PathValue("id")]
		if known == nil {
			return refuse(http.StatusNotFound, "There is no event %s.", r.PathValue("id"))
		}
		tx.repeat(known)
		var err error
		body, err = known.json()
		return err
	})
	return body, err
}

type deliveryOrder struct {
	Mode    deliveryMode `json:"mode"`
	DelayMS int          `json:"delay_ms"`
}

func (s *Sandbox) setDelivery(r *http.Request) (json.RawMessage, error) {
	order, err := readJSON[deliveryOrder](r)
	if err != nil {
		return nil, err
	}
	if order.Mode == "" {
		order.Mode = deliverNormal
	}
	if !slices.Contains(deliveryModes, order.Mode) {
		return nil, refuse(http.StatusBadRequest, "mode is normal, duplicate, reverse or hold, not %q.", order.Mode)
	}
	if order.DelayMS < 0 {
		return nil, refuse(http.StatusBadRequest, "delay_ms can't be negative.")
	}
	plan := deliveryPlan{Mode: order.Mode, Delay: time.Duration(order.DelayMS) * time.Millisecond}
	if err := s.state.put(change{Delivery: &plan}); err != nil {
		return nil, err
	}
	return encode(order)
}
