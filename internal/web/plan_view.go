package web

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// planView is what another policy would change.
type planView struct {
	Against  int32
	What     []string // what differs in the policy; none where it is the one in force
	Accounts int
	Losses   int
	Gains    int
	Others   int    // of whom something else changes
	Stale    string // what becomes of those whose check is too old; ""
	Unlisted []string
	Causes   []planCause
	Rows     []plannedRow
	Listed   int // how many sellers are named
	Total    int // how many would change
	Cut      bool
	Done     bool
	DoneAt   time.Time
	URL      string // of this page of the plan
	PrevURL  string
	NextURL  string
	Fields   []hiddenField // of the form that applies it
}

// planCause counts who would change by a cause.
type planCause struct {
	Code, Words   string
	Losses, Gains int
}

// plannedRow is a seller who would lose or gain the ability to transact.
type plannedRow struct {
	SellerID, AccountID, URL string
	Gains                    bool
	Before, After            statusView
	Because                  []string
}

func newPlanView(known planned, from, to account.Policy, form policyForm, page int) *planView {
	v := &planView{
		Against: known.Against, What: policyDifferences(from, to), Accounts: known.Accounts, Losses: known.Plan.Losses, Gains: known.Plan.Gains,
		Others: known.Others, Stale: staleWords(known.Stale, to), Causes: causes(known), Listed: len(known.Changed),
		Total: known.Plan.Losses + known.Plan.Gains, Done: !known.DoneAt.IsZero(), DoneAt: known.DoneAt, Fields: form.fields(),
	}
	v.Cut = v.Total > v.Listed
	if v.Done && known.Accounts > 0 {
		v.Unlisted = known.Unlisted
	}
	first := min((page-1)*plannedShown, len(known.Changed))
	last := min(first+plannedShown, len(known.Changed))
	for _, p := range known.Changed[first:last] {
		v.Rows = append(v.Rows, newPlannedRow(p))
	}
	v.URL = form.plan(page).String()
	if page > 1 {
		v.PrevURL = form.plan(page - 1).String()
	}
	if last < len(known.Changed) {
		v.NextURL = form.plan(page + 1).String()
	}
	return v
}

// plan is a page of the form's plan.
func (f policyForm) plan(page int) address {
	at := pageAt(policyPath).with("plan", "yes")
	for _, field := range f.fields() {
		at = at.with(field.Name, field.Value)
	}
	if page > 1 {
		at = at.with("page", strconv.Itoa(page))
	}
	return at
}

func newPlannedRow(p registry.Planned) plannedRow {
	row := plannedRow{
		SellerID: p.SellerID, AccountID: p.AccountID, URL: accountPath(p.AccountID), Gains: p.CanTransact,
		Before: newStatusView(string(p.Before)), After: newStatusView(string(p.After)),
	}
	for _, r := range p.Because {
		row.Because = append(row.Because, r.Message)
	}
	return row
}

// causes are by how many they concern, the most first.
func causes(known planned) []planCause {
	codes := map[account.Code]bool{}
	for _, by := range []map[account.Code]int{known.Losses, known.Gains} {
		for code := range by {
			codes[code] = true
		}
	}
	var views []planCause
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		views = append(views, planCause{Code: string(code), Words: causeOf(code), Losses: known.Losses[code], Gains: known.Gains[code]})
	}
	slices.SortStableFunc(views, func(a, b planCause) int { return b.Losses + b.Gains - a.Losses - a.Gains })
	return views
}

func staleWords(n int, p account.Policy) string {
	switch {
	case n == 0:
		return ""
	case p.DenyWhenStale:
		return fmt.Sprintf("Besides, %d who could transact would be refused until they are checked again: their last check is too long ago.", n)
	}
	return fmt.Sprintf("Besides, %d who are refused now, since their last check is too long ago, could transact.", n)
}
