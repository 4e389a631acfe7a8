package web

import (
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/overview"
)

// causesView is a table of causes, those of most sellers first.
type causesView struct {
	Rows []causeRow
	More int64 // causes that are not shown
}

// causeRow is a cause, with the newest sellers.
type causeRow struct {
	Cause     causeView
	By        string
	Sellers   int64
	Today     int64
	Yesterday int64
	Newest    []exampleView
	Others    int64 // sellers beside the newest
}

// causeView is why a seller can't transact, or what became due, in words.
type causeView struct {
	Words          string // "": a requirement says it
	DisabledReason string // Stripe's own; ""
	Needs          *requirementView
}

// exampleView is a seller whom a cause has struck.
type exampleView struct {
	SellerID, URL string // the account's page; "" where there is none
	At            time.Time
	Status        *statusView // of now; nil where another seller holds the account
}

func newCausesView(of overview.Causes) causesView {
	v := causesView{More: of.All - int64(len(of.Most))}
	for _, c := range of.Most {
		row := causeRow{
			Cause: newCauseView(c.Cause), By: sourceWords(c.Source), Sellers: c.Sellers, Today: c.Today, Yesterday: c.Sellers - c.Today,
			Others: c.Sellers - int64(len(c.Newest)),
		}
		for _, e := range c.Newest {
			row.Newest = append(row.Newest, newExampleView(e))
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

func newExampleView(e overview.Example) exampleView {
	v := exampleView{SellerID: e.SellerID, URL: accountPath(e.AccountID), At: e.At}
	if e.Status != "" {
		status := newStatusView(string(e.Status))
		v.Status = &status
	}
	return v
}

func newCauseView(c overview.Cause) causeView {
	v := causeView{DisabledReason: c.DisabledReason, Words: causeWords(c)}
	if c.Requirement != "" {
		needs := newRequirementView(c.Requirement)
		v.Needs = &needs
	}
	return v
}

// causeWords say a cause of any seller. A code that is not known is shown as it is.
func causeWords(c overview.Cause) string {
	switch c.Code {
	case account.CodeNotConnected, account.CodeDisconnected: // also where the account was given to another seller
		return "The seller is no longer connected"
	case account.CodeNotChecked:
		return "The account is connected anew, and not read from Stripe yet"
	case account.CodeRejected:
		return upperFirst(rejection(c.DisabledReason))
	case account.CodeCountryUnsupported:
		return "The policy does not support the account’s country"
	case account.CodeCurrencyUnsupported:
		return "The policy does not support the account’s currency"
	case account.CodeDetailsMissing:
		return "Stripe has not been given the account’s details"
	case account.CodeChargesDisabled, account.CodePayoutsDisabled:
		switched := []client.Reason{{Code: string(c.Code)}}
		return "Stripe has switched " + switchedOff(switched) + " off"
	case account.CodeCapabilityInactive:
		return "A capability that the policy requires is not active"
	case account.CodeRequirementPastDue:
		return "Something that Stripe needs is past due"
	case account.CodeRequirementDue:
		return "Something that Stripe needs is due"
	case account.CodeInReview:
		return "Stripe is reviewing the account"
	}
	return string(c.Code)
}
