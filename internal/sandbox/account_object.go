package sandbox

import (
	"fmt"
	"sync"
)

// accountType is whose the account is (docs.stripe.com/connect/accounts).
type accountType string

const (
	standard accountType = "standard"
	express  accountType = "express"
	custom   accountType = "custom"
)

var accountTypes = []accountType{standard, express, custom}

// accountKind is all on which an account's template depends.
type accountKind struct {
	persona persona
	kind    accountType
}

// accountTemplates are made once: they never change.
var accountTemplates = sync.OnceValue(func() map[accountKind]*objectTemplate {
	templates := map[accountKind]*objectTemplate{}
	for i := range standings {
		for _, kind := range accountTypes {
			k := accountKind{persona(i), kind}
			t, err := compileTemplate(accountDocument(k.persona.standing(), kind))
			if err != nil {
				panic(fmt.Sprintf("account template of %s: %v", k.persona, err))
			}
			templates[k] = t
		}
	}
	return templates
})

// accountDocument is the account object of API 2023-10-16 (docs.stripe.com/api/accounts/object) with slots where
// accounts of one kind differ.
func accountDocument(s *standing, kind accountType) document {
	return document{
		"id":                  slotID.in(),
		"object":              "account",
		"business_profile":    businessProfile(s),
		"business_type":       businessType(s),
		"capabilities":        document{"card_payments": s.cardPayments, "transfers": s.transfers},
		"charges_enabled":     s.chargesEnabled,
		"company":             company(s),
		"controller":          controller(kind),
		"country":             slotCountry.in(),
		"created":             slotCreated.number(),
		"default_currency":    slotCurrency.in(),
		"details_submitted":   s.detailsSubmitted,
		"email":               "owner@" + slotSlug.in() + ".example",
		"external_accounts":   externalAccounts(s),
		"future_requirements": requirements(&standing{}),
		"metadata":            document{},
		"payouts_enabled":     s.payoutsEnabled,
		"requirements":        requirements(s),
		"settings":            accountSettings(s),
		"tos_acceptance":      tosAcceptance(s),
		"type":                string(kind),
	}
}

func businessProfile(s *standing) document {
	profile := document{
		"annual_revenue": nil, "estimated_worker_count": nil,
		"mcc": "5734", "name": s.nameOrNil(), "product_description": "Things made by hand",
		"support_address": nil, "support_email": nil, "support_phone": nil, "support_url": nil,
		"url": "https://" + slotSlug.in() + ".example",
	}
	if !s.detailsSubmitted {
		profile["mcc"], profile["product_description"], profile["url"] = nil, nil, nil
	}
	return profile
}

func (s *standing) nameOrNil() any {
	if s.hasNoName {
		return nil
	}
	return slotName.in()
}

func businessType(s *standing) any {
	if !s.detailsSubmitted {
		return nil
	}
	return "company"
}

func company(s *standing) document {
	return document{
		"address": document{
			"city": nil, "country": slotCountry.in(), "line1": nil, "line2": nil, "postal_code": nil, "state": nil,
		},
		"directors_provided":  s.detailsSubmitted,
		"executives_provided": s.detailsSubmitted,
		"name":                s.nameOrNil(),
		"owners_provided":     s.detailsSubmitted,
		"phone":               nil,
		"tax_id_provided":     s.detailsSubmitted,
		"verification": document{
			"document": document{"back": nil, "details": nil, "details_code": nil, "front": nil},
		},
	}
}

func controller(kind accountType) document {
	if kind == standard {
		return document{"type": "account"}
	}
	return document{"type": "application", "is_controller": true}
}

func externalAccounts(s *standing) document {
	data := []any{}
	if s.detailsSubmitted {
		data = append(data, bankAccount(s))
	}
	return document{
		"object": "list", "data": data, "has_more": false,
		"url": "/v1/accounts/" + slotID.in() + "/external_accounts",
	}
}

func bankAccount(s *standing) document {
	return document{
		"id": "ba_1" + slotSuffix.in(), "object": "bank_account", "account": slotID.in(),
		"account_holder_name": s.nameOrNil(), "account_holder_type": "company", "account_type": nil,
		"available_payout_methods": []any{"standard"}, "bank_name": "SANDBOX TEST BANK",
		"country": slotCountry.in(), "currency": slotCurrency.in(), "default_for_currency": true,
		"fingerprint": slotSuffix.in(), "future_requirements": nil, "last4": "6789", "metadata": document{},
		"requirements": nil, "routing_number": "110000000", "status": "new",
	}
}

func requirements(s *standing) document {
	var deadline any
	if s.hasDeadline {
		deadline = slotDeadline.number()
	}
	errors := []any{}
	for _, e := range s.errors {
		errors = append(errors, document{"code": e.code, "reason": e.reason, "requirement": e.requirement})
	}
	return document{
		"alternatives": []any{}, "current_deadline": deadline, "currently_due": list(s.currentlyDue),
		"disabled_reason": textOrNil(s.disabledReason), "errors": errors, "eventually_due": list(s.eventuallyDue),
		"past_due": list(s.pastDue), "pending_verification": list(s.pendingVerification),
	}
}

func list(texts []string) []any {
	values := make([]any, len(texts))
	for i, t := range texts {
		values[i] = t
	}
	return values
}

func textOrNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func tosAcceptance(s *standing) document {
	if !s.detailsSubmitted {
		return document{"date": nil, "ip": nil, "user_agent": nil}
	}
	// 203.0.113.0/24 is kept for documentation (RFC 5737).
	return document{"date": slotCreated.number(), "ip": "203.0.113.7", "user_agent": "sandbox"}
}
