package stripeapi

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/connectd/connectd/internal/account"
)

// Account is Stripe's account object as connectd reads it.
type Account struct {
	ID string
	// Facts are normalized and connected.
	Facts account.Facts
	// Missing are the parts that every account has in an API version that is read in full, and this one has not.
	Missing []string
}

// accountObject is what connectd reads of docs.stripe.com/api/accounts/object.
type accountObject struct {
	ID                 text                     `json:"id"`
	Object             text                     `json:"object"`
	Type               text                     `json:"type"`
	Country            text                     `json:"country"`
	DefaultCurrency    text                     `json:"default_currency"`
	ChargesEnabled     flag                     `json:"charges_enabled"`
	PayoutsEnabled     flag                     `json:"payouts_enabled"`
	DetailsSubmitted   flag                     `json:"details_submitted"`
	Requirements       part[requirementsObject] `json:"requirements"`
	FutureRequirements part[requirementsObject] `json:"future_requirements"`
	Verification       part[verificationObject] `json:"verification"`
	Capabilities       byName                   `json:"capabilities"`
	DisplayName        text                     `json:"display_name"`
	Settings           part[settingsObject]     `json:"settings"`
	BusinessProfile    part[struct {
		Name text `json:"name"`
	}] `json:"business_profile"`
}

type settingsObject struct {
	Dashboard part[struct {
		DisplayName text `json:"display_name"`
	}] `json:"dashboard"`
}

type requirementsObject struct {
	CurrentlyDue        list[text]                   `json:"currently_due"`
	PastDue             list[text]                   `json:"past_due"`
	EventuallyDue       list[text]                   `json:"eventually_due"`
	PendingVerification list[text]                   `json:"pending_verification"`
	Errors              list[part[requirementError]] `json:"errors"`
	DisabledReason      text                         `json:"disabled_reason"`
	CurrentDeadline     moment                       `json:"current_deadline"`
}

type requirementError struct {
	Requirement text `json:"requirement"`
	Code        text `json:"code"`
	Reason      text `json:"reason"`
}

// verificationObject is what requirements were before API version 2019-02-19 (docs.stripe.com/upgrades).
type verificationObject struct {
	FieldsNeeded   list[text] `json:"fields_needed"`
	DisabledReason text       `json:"disabled_reason"`
	DueBy          moment     `json:"due_by"`
}

// DecodeAccount reads Stripe's account object, of any API version since 2017 and as retrievals, lists and events have it.
// Only an id is needed: a part that is missing, null or not as documented is not known, and values that Stripe may add are
// kept as they are. Nothing of raw is kept.
func DecodeAccount(raw []byte) (Account, error) {
	a, err := DecodeEventAccount(raw)
	if err == nil && a.ID == "" {
		return Account{}, errors.New("decode account: it has no id")
	}
	return a, err
}

// DecodeEventAccount reads an account as DecodeAccount does, but needs no id: the event names the account too.
func DecodeEventAccount(raw []byte) (Account, error) {
	var read part[accountObject]
	if err := json.Unmarshal(raw, &read, trusting); err != nil {
		return Account{}, fmt.Errorf("decode account: %w", err)
	}
	if read.value == nil {
		return Account{}, errors.New("decode account: it is no object")
	}
	o := *read.value
	if o.Object != "" && o.Object != "account" {
		return Account{}, fmt.Errorf("decode account: it is a %q", o.Object)
	}
	return Account{ID: string(o.ID), Facts: o.facts().Normalize(), Missing: o.missing()}, nil
}

// metadataOf is an object's metadata, apart from DecodeAccount, since events come often and nobody looks at their metadata.
func metadataOf(raw []byte) map[string]string {
	var object struct {
		Metadata byName `json:"metadata"`
	}
	if json.Unmarshal(raw, &object, trusting) != nil {
		return nil
	}
	return object.Metadata
}

func (o accountObject) facts() account.Facts {
	return account.Facts{
		Connected:          true,
		Type:               string(o.Type),
		DisplayName:        o.displayName(),
		Country:            strings.ToUpper(string(o.Country)),
		DefaultCurrency:    strings.ToLower(string(o.DefaultCurrency)),
		ChargesEnabled:     o.ChargesEnabled.value,
		PayoutsEnabled:     o.PayoutsEnabled.value,
		DetailsSubmitted:   o.DetailsSubmitted.value,
		Requirements:       cmp.Or(o.Requirements.value.facts(), o.Verification.value.facts()),
		FutureRequirements: o.FutureRequirements.value.facts(),
		Capabilities:       o.capabilities(),
	}
}

// displayName: the Dashboard's name moved into settings in API version 2019-02-19 (docs.stripe.com/upgrades).
func (o accountObject) displayName() string {
	return string(cmp.Or(
		o.Settings.orZero().Dashboard.orZero().DisplayName, o.DisplayName, o.BusinessProfile.orZero().Name,
	))
}

func (o *requirementsObject) facts() *account.Requirements {
	if o == nil {
		return nil
	}
	return &account.Requirements{
		CurrentlyDue:        texts(o.CurrentlyDue),
		PastDue:             texts(o.PastDue),
		EventuallyDue:       texts(o.EventuallyDue),
		PendingVerification: texts(o.PendingVerification),
		Errors:              requirementErrors(o.Errors),
		DisabledReason:      string(o.DisabledReason),
		CurrentDeadline:     o.CurrentDeadline.at,
	}
}

func (o *verificationObject) facts() *account.Requirements {
	if o == nil {
		return nil
	}
	return &account.Requirements{
		CurrentlyDue: texts(o.FieldsNeeded), DisabledReason: string(o.DisabledReason), CurrentDeadline: o.DueBy.at,
	}
}

// texts are those items of a list that are text.
func texts(items []text) []string {
	texts := make([]string, 0, len(items))
	for _, item := range items {
		if item != "" {
			texts = append(texts, string(item))
		}
	}
	return texts
}

func requirementErrors(items []part[requirementError]) []account.RequirementError {
	var errs []account.RequirementError
	for _, item := range items {
		if o := item.orZero(); o != (requirementError{}) {
			errs = append(errs, account.RequirementError{
				Requirement: string(o.Requirement), Code: string(o.Code), Reason: string(o.Reason),
			})
		}
	}
	return errs
}

// capabilities keeps one whose status can't be read as unknown, which is other than active.
func (o accountObject) capabilities() map[string]string {
	statuses := make(map[string]string, len(o.Capabilities))
	for name, status := range o.Capabilities {
		statuses[clean(name)] = cmp.Or(clean(status), "unknown")
	}
	return statuses
}

// missing leaves out what an account may have as null or not at all: names, deadlines, a disabled_reason, errors.
func (o accountObject) missing() []string {
	required := o.Requirements.orZero()
	var missing []string
	for _, part := range []struct {
		name  string
		there bool
	}{
		{"id", o.ID != ""},
		{"type", o.Type != ""},
		{"country", o.Country != ""},
		{"default_currency", o.DefaultCurrency != ""},
		{"charges_enabled", o.ChargesEnabled.value != nil},
		{"payouts_enabled", o.PayoutsEnabled.value != nil},
		{"details_submitted", o.DetailsSubmitted.value != nil},
		{"capabilities", o.Capabilities != nil},
		{"requirements.currently_due", required.CurrentlyDue != nil},
		{"requirements.past_due", required.PastDue != nil},
		{"requirements.eventually_due", required.EventuallyDue != nil},
		{"requirements.pending_verification", required.PendingVerification != nil},
		{"future_requirements", o.FutureRequirements.value != nil},
		{"settings.dashboard", o.Settings.orZero().Dashboard.value != nil},
	} {
		if !part.there {
			missing = append(missing, part.name)
		}
	}
	return missing
}
