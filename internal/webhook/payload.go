package webhook

import (
	"encoding/json"
	"maps"
	"slices"
)

// keptOfAccount is the allow-list of an account's parts that a stored event keeps: what verdicts are made of, and nothing
// else. Persons, addresses, bank accounts and e-mail addresses are none of connectd's business.
var keptOfAccount = []string{
	"id", "object", "type", "country", "default_currency", "charges_enabled", "payouts_enabled", "details_submitted",
	"requirements", "future_requirements", "capabilities", "verification", "display_name",
}

type payload struct {
	ID       string      `json:"id"`
	Object   string      `json:"object"`
	Type     string      `json:"type"`
	Account  string      `json:"account"`
	Created  int64       `json:"created"`
	Livemode bool        `json:"livemode"`
	Data     payloadData `json:"data"`
}

type payloadData struct {
	Object map[string]json.RawMessage `json:"object"`
}

// payloadOf is the event with what the allow-list keeps, as JSON: enough to be applied again. It is "" where the event's
// object is no object at all.
func payloadOf(e event) string {
	var whole map[string]json.RawMessage
	if json.Unmarshal(e.Data.Object, &whole) != nil {
		return ""
	}
	kept := maps.Clone(whole)
	maps.DeleteFunc(kept, func(key string, _ json.RawMessage) bool { return !slices.Contains(keptOfAccount, key) })
	keepNames(kept, whole)
	encoded, err := json.Marshal(payload{
		ID: e.ID, Object: e.Object, Type: e.Type, Account: e.Account, Created: e.Created, Livemode: e.Livemode,
		Data: payloadData{Object: kept},
	})
	if err != nil {
		return ""
	}
	return string(encoded)
}

// keepNames keeps the two places of a business's name, without their neighbours.
func keepNames(kept, whole map[string]json.RawMessage) {
	var settings struct {
		Dashboard struct {
			DisplayName json.RawMessage `json:"display_name,omitempty"`
		} `json:"dashboard"`
	}
	var profile struct {
		Name json.RawMessage `json:"name,omitempty"`
	}
	if json.Unmarshal(whole["settings"], &settings) == nil {
		kept["settings"], _ = json.Marshal(settings)
	}
	if json.Unmarshal(whole["business_profile"], &profile) == nil {
		kept["business_profile"], _ = json.Marshal(profile)
	}
}
