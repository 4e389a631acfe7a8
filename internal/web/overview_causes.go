package web

import (
	"time"

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
	v := causeView{DisabledReason: c.DisabledReason, Words: upperFirst(causeOf(c.Code))}
	if c.Code == account.CodeRejected {
		v.Words = upperFirst(rejection(c.DisabledReason))
	}
	if c.Requirement != "" {
		needs := newRequirementView(c.Requirement)
		v.Needs = &needs
	}
	return v
}
