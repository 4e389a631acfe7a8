package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
)

// passDeadline makes past due what was due, and switches off what that threatened: payouts alone where nothing but the
// bank account is missing, else charges and payouts. Future requirements become requirements first
// (docs.stripe.com/api/accounts/object, requirements and future_requirements).
func (tx *transaction) passDeadline(a *account) error {
	d, err := a.document()
	if err != nil {
		return err
	}
	now := tx.now.Unix()
	requirements, future := d.child("requirements"), d.child("future_requirements")
	due := textsIn(requirements["currently_due"])
	patch := document{}
	if passed(future, now) {
		due = union(due, textsIn(future["currently_due"]), textsIn(future["past_due"]))
		patch["future_requirements"] = document{
			"current_deadline": nil, "currently_due": []any{}, "past_due": []any{}, "eventually_due": []any{},
			"pending_verification": []any{}, "errors": []any{}, "alternatives": []any{}, "disabled_reason": nil,
		}
	}
	next := document{
		"currently_due":  list(due),
		"eventually_due": list(union(textsIn(requirements["eventually_due"]), due)),
	}
	if passed(requirements, now) {
		next["current_deadline"] = nil
	}
	patch["requirements"] = next
	if len(due) > 0 {
		next["past_due"] = list(union(textsIn(requirements["past_due"]), due))
		next["disabled_reason"] = "requirements.past_due"
		switchOff(patch, d, due)
	}
	_, err = tx.patchAccount(a, patch, announced, nil)
	return err
}

func passed(hash document, now int64) bool {
	number, ok := hash["current_deadline"].(json.Number)
	if !ok {
		return false
	}
	at, err := number.Int64()
	return err == nil && at <= now
}

func switchOff(patch, d document, due []string) {
	patch["payouts_enabled"] = false
	if !slices.ContainsFunc(due, func(name string) bool { return !strings.HasPrefix(name, externalAccount) }) {
		return
	}
	patch["charges_enabled"] = false
	off := document{}
	for name, state := range d.child("capabilities") {
		if state == active {
			off[name] = inactive
		}
	}
	if len(off) > 0 {
		patch["capabilities"] = off
	}
}

func textsIn(value any) []string {
	items, _ := value.([]any)
	var texts []string
	for _, item := range items {
		if text, ok := item.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// union is every text once, in the order in which it came first.
func union(lists ...[]string) []string {
	var all []string
	for _, text := range slices.Concat(lists...) {
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}
