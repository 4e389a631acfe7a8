package stripeapi

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/connectd/connectd/internal/account"
)

// DecodeAccount reads Stripe's account object, of any API version since 2017 and as retrievals, lists and events have it
// (docs.stripe.com/api/accounts/object). Only an id is needed: a part that is missing, null or not as documented is not
// known, and values that Stripe may add are kept as they are. The facts are normalized and connected. Nothing of raw is
// kept.
func DecodeAccount(raw []byte) (id string, f account.Facts, err error) {
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		return "", account.Facts{}, fmt.Errorf("decode account: %w", err)
	}
	if kind := o.text("object"); kind != "" && kind != "account" {
		return "", account.Facts{}, fmt.Errorf("decode account: it is a %q", kind)
	}
	id = o.text("id")
	if id == "" {
		return "", account.Facts{}, errors.New("decode account: it has no id")
	}
	f = account.Facts{
		Connected:          true,
		Type:               o.text("type"),
		DisplayName:        displayName(o),
		Country:            strings.ToUpper(o.text("country")),
		DefaultCurrency:    strings.ToLower(o.text("default_currency")),
		ChargesEnabled:     o.flag("charges_enabled"),
		PayoutsEnabled:     o.flag("payouts_enabled"),
		DetailsSubmitted:   o.flag("details_submitted"),
		Requirements:       cmp.Or(requirements(o.object("requirements")), verification(o.object("verification"))),
		FutureRequirements: requirements(o.object("future_requirements")),
		Capabilities:       capabilities(o.object("capabilities")),
	}
	return id, f.Normalize(), nil
}

// displayName: the Dashboard's name moved into settings in API version 2019-02-19 (docs.stripe.com/upgrades).
func displayName(o object) string {
	return cmp.Or(
		o.object("settings").object("dashboard").text("display_name"),
		o.text("display_name"),
		o.object("business_profile").text("name"),
	)
}

func requirements(o object) *account.Requirements {
	if o == nil {
		return nil
	}
	return &account.Requirements{
		CurrentlyDue:        o.texts("currently_due"),
		PastDue:             o.texts("past_due"),
		EventuallyDue:       o.texts("eventually_due"),
		PendingVerification: o.texts("pending_verification"),
		Errors:              requirementErrors(o.list("errors")),
		DisabledReason:      o.text("disabled_reason"),
		CurrentDeadline:     o.unix("current_deadline"),
	}
}

func requirementErrors(items []json.RawMessage) []account.RequirementError {
	var errs []account.RequirementError
	for _, item := range items {
		var o object
		if json.Unmarshal(item, &o) != nil {
			continue
		}
		e := account.RequirementError{Requirement: o.text("requirement"), Code: o.text("code"), Reason: o.text("reason")}
		if e != (account.RequirementError{}) {
			errs = append(errs, e)
		}
	}
	return errs
}

// verification is what requirements were before API version 2019-02-19 (docs.stripe.com/upgrades).
func verification(o object) *account.Requirements {
	if o == nil {
		return nil
	}
	return &account.Requirements{
		CurrentlyDue:    o.texts("fields_needed"),
		DisabledReason:  o.text("disabled_reason"),
		CurrentDeadline: o.unix("due_by"),
	}
}

// capabilities keeps one whose status can't be read as unknown, which is other than active.
func capabilities(o object) map[string]string {
	if len(o) == 0 {
		return nil
	}
	statuses := make(map[string]string, len(o))
	for name, raw := range o {
		if string(raw) != "null" {
			statuses[clean(name)] = cmp.Or(text(raw), "unknown")
		}
	}
	return statuses
}
