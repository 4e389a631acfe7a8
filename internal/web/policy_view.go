package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// policyView is the page of the policy.
type policyView struct {
	Notice  string
	Problem string // why no policy was applied; ""
	InForce policyVersionView
	Judging judgingView
	Form    policyForm
	Plan    *planView // nil: none was asked for
	History []policyChange
	Older   int32 // the version before which the history goes on; 0 where it ends
	Newest  bool  // the history begins with the newest
	LiveURL string

	inForce    account.Policy
	staleAfter time.Duration
}

func (policyView) template() string { return "policy" }

// version differs where another policy is in force, or more accounts are judged by it.
func (v policyView) version() int64 {
	return digest(struct {
		Version int32
		Judging judgingView
	}{v.InForce.Version, v.Judging})
}

// policyVersionView is a policy in words, and as JSON.
type policyVersionView struct {
	Version int32
	At      time.Time
	By      string
	Rules   []string
	JSON    string
}

func newPolicyVersionView(p registry.PolicyVersion, staleAfter time.Duration) policyVersionView {
	text, err := json.MarshalIndent(p.Policy, "", "  ")
	if err != nil {
		panic(err) // lists of text, and truths
	}
	return policyVersionView{Version: p.Version, At: p.At, By: p.By, Rules: policyWords(p.Policy, staleAfter), JSON: string(text)}
}

// judgingView is how far accounts are judged by the policy in force.
type judgingView struct{ All, Done, Left int64 }

// Many reports whether more are left than are counted: how far that is, nobody knows.
func (v judgingView) Many() bool { return v.Left > countedAtMost }

// LeftWords is how many are left.
func (v judgingView) LeftWords() string { return countTo(v.Left, countedAtMost, "account") }

// policyChange is a version in the history, with what it changed.
type policyChange struct {
	Version int32
	At      time.Time
	By      string
	What    []string
	First   bool
}

// policyHistory shows policiesShown versions; one more is there to compare the last with.
func policyHistory(versions []registry.PolicyVersion) (shown []policyChange, older int32) {
	for i, p := range versions[:min(len(versions), policiesShown)] {
		change := policyChange{Version: p.Version, At: p.At, By: p.By, First: i+1 == len(versions)}
		if !change.First {
			change.What = policyDifferences(versions[i+1].Policy, p.Policy)
		}
		shown = append(shown, change)
	}
	if len(versions) > policiesShown {
		older = shown[policiesShown-1].Version
	}
	return shown, older
}

// policyForm is a policy that is being written.
type policyForm struct {
	Countries, Currencies, RequiredCapabilities string
	RequirePayouts, DenyWhenStale               bool
	Faults                                      map[string][]string // by field
}

func formOf(p account.Policy) policyForm {
	return policyForm{
		Countries: strings.Join(p.Countries, ", "), Currencies: strings.Join(p.Currencies, ", "),
		RequiredCapabilities: strings.Join(p.RequiredCapabilities, ", "), RequirePayouts: p.RequirePayouts, DenyWhenStale: p.DenyWhenStale,
	}
}

func readPolicyForm(sent url.Values) policyForm {
	return policyForm{
		Countries: sent.Get("countries"), Currencies: sent.Get("currencies"), RequiredCapabilities: sent.Get("required_capabilities"),
		RequirePayouts: sent.Get("require_payouts") == "true", DenyWhenStale: sent.Get("deny_when_stale") == "true",
	}
}

func (f *policyForm) fault(wrong []error) {
	f.Faults = map[string][]string{}
	for _, err := range wrong {
		if e, ok := errors.AsType[*account.Error](err); ok {
			f.Faults[e.Field] = append(f.Faults[e.Field], e.Message)
		}
	}
}

// listField is a field that holds codes.
type listField struct {
	Name, Words, Value, Example string
	Faults                      []string
}

// Lists are the form's fields that hold codes.
func (f policyForm) Lists() []listField {
	return []listField{
		{"countries", "Countries: two letters each, by commas or spaces. Empty: all", f.Countries, "IE, US", f.Faults["countries"]},
		{"currencies", "Currencies: three letters each. Empty: all", f.Currencies, "eur, usd", f.Faults["currencies"]},
		{
			"required_capabilities", "Capabilities that have to be active where an account lists them, by Stripe’s names",
			f.RequiredCapabilities, "card_payments", f.Faults["required_capabilities"],
		},
	}
}

// fields are what a form sends that holds the same.
func (f policyForm) fields() []hiddenField {
	fields := []hiddenField{
		{"countries", f.Countries}, {"currencies", f.Currencies}, {"required_capabilities", f.RequiredCapabilities},
	}
	if f.RequirePayouts {
		fields = append(fields, hiddenField{"require_payouts", "true"})
	}
	if f.DenyWhenStale {
		fields = append(fields, hiddenField{"deny_when_stale", "true"})
	}
	return slices.DeleteFunc(fields, func(field hiddenField) bool { return field.Value == "" })
}

// upper, lower and asItIs are how codes are written.
var upper, lower = strings.ToUpper, strings.ToLower

func asItIs(code string) string { return code }

// codesIn are the codes of a text, by commas or spaces, each once, in their order.
func codesIn(text string, write func(string) string) []string {
	codes := []string{}
	for _, code := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",; \t\r\n", r) }) {
		if code = write(code); !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

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
