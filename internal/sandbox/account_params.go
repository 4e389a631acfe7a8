package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// assignAccount is the account object with the parameters of a request in it. Objects are merged, texts take the type
// of what they replace, and an empty text clears (docs.stripe.com/api/accounts/update).
func assignAccount(before document, form *parameter) (document, error) {
	after := maps.Clone(before)
	for _, name := range form.names() {
		value := form.fields[name]
		var err error
		switch name {
		case "expand", "account_token", "documents", "bank_account", "individual", "type":
			// A person's data and what stands for it is taken and not kept: nothing here is done with it.
		case "external_account":
			after["external_accounts"] = withBankAccount(before, value)
		case "capabilities":
			after["capabilities"], err = withCapabilities(before, value)
		case "metadata":
			after["metadata"], err = withMetadata(before, value)
		default:
			after[name], err = assigned(name, before[name], value)
		}
		if err != nil {
			return nil, err
		}
	}
	return after, nil
}

// assigned is what value makes of was.
func assigned(name string, was any, value *parameter) (any, error) {
	if value.isText {
		return assignedText(name, was, value.text)
	}
	if items := value.list(); items != nil {
		return assignedList(name, items)
	}
	old, _ := was.(document)
	object := maps.Clone(old)
	if object == nil {
		object = document{}
	}
	for _, child := range value.names() {
		next, err := assigned(name+"["+child+"]", object[child], value.fields[child])
		if err != nil {
			return nil, err
		}
		object[child] = next
	}
	return object, nil
}

func assignedText(name string, was any, text string) (any, error) {
	switch was.(type) {
	case bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, badRequest("parameter_invalid_boolean", name, "Invalid boolean: %s", text)
		}
		return b, nil
	case json.Number:
		if text == "" {
			return nil, nil
		}
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return nil, badRequest("parameter_invalid_integer", name, "Invalid integer: %s", text)
		}
		return json.Number(text), nil
	case document:
		return nil, badRequest("", name, "Invalid object: %s", name)
	case nil:
		if isNumberParameter(name) {
			return assignedText(name, json.Number("0"), text)
		}
	}
	return textOrNil(text), nil
}

// isNumberParameter tells of a parameter whose value was null before whether it is to be a number.
func isNumberParameter(name string) bool {
	_, last, _ := strings.Cut(name, "[")
	last = strings.TrimSuffix(last[strings.LastIndexByte(last, '[')+1:], "]")
	return slices.Contains([]string{"amount", "date", "delay_days", "estimated_worker_count", "monthly_anchor"}, last)
}

func assignedList(name string, items []*parameter) (any, error) {
	values := make([]any, len(items))
	for i, item := range items {
		value, err := assigned(name+"[]", nil, item)
		if err != nil {
			return nil, err
		}
		values[i] = value
	}
	return values, nil
}

func withMetadata(before document, value *parameter) (document, error) {
	metadata := maps.Clone(before.child("metadata"))
	if metadata == nil || value.isText && value.text == "" {
		metadata = document{}
	}
	for _, name := range value.names() {
		item := value.fields[name]
		if !item.isText {
			return nil, badRequest("", "metadata["+name+"]", "Metadata values must be strings")
		}
		if item.text == "" {
			delete(metadata, name)
			continue
		}
		if err := checkMetadata(name, item.text); err != nil {
			return nil, err
		}
		metadata[name] = item.text
	}
	return metadata, nil
}

// withCapabilities has requested capabilities active where the account's details are done and inactive before.
func withCapabilities(before document, value *parameter) (document, error) {
	capabilities := maps.Clone(before.child("capabilities"))
	if capabilities == nil {
		capabilities = document{}
	}
	for _, name := range value.names() {
		requested, err := value.fields[name].boolean("requested")
		if err != nil {
			return nil, err
		}
		capabilities[name] = inactive
		if done, _ := before["details_submitted"].(bool); requested && done {
			capabilities[name] = active
		}
	}
	return capabilities, nil
}

// withBankAccount attaches a bank account in the place of the one before; a token's details are not known here.
func withBankAccount(before document, value *parameter) document {
	external := maps.Clone(before.child("external_accounts"))
	if external == nil {
		external = document{"object": "list", "has_more": false, "url": "/v1/accounts/external_accounts"}
	}
	bank := document{
		"id": newID("ba"), "object": "bank_account", "account": before["id"], "account_holder_name": nil,
		"account_holder_type": nil, "account_type": nil, "available_payout_methods": []any{"standard"},
		"bank_name": "SANDBOX TEST BANK", "country": before["country"], "currency": before["default_currency"],
		"default_for_currency": true, "fingerprint": randomText(16), "future_requirements": nil, "last4": "6789",
		"metadata": document{}, "requirements": nil, "routing_number": nil, "status": "new",
	}
	for _, name := range []string{"country", "currency", "account_holder_name", "account_holder_type", "routing_number"} {
		if value.field(name) != nil {
			bank[name] = textOrNil(value.value(name))
		}
	}
	external["data"] = []any{bank}
	return external
}
