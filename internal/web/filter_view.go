package web

import (
	"slices"
	"time"
)

// filterView is the form above the account table, as it was sent.
type filterView struct {
	Text           string
	Country        string
	CanTransact    []option
	AtRisk         []option
	Columns        []option
	DefaultColumns string
	Bounds         []bound       // those of the address for which the form has no field
	Kept           []hiddenField // what the form sends along
	Active         bool          // something is left out of the table
}

// option is one choice of a list.
type option struct {
	Value, Words string
	Selected     bool
}

// hiddenField goes along with a form.
type hiddenField struct{ Name, Value string }

// bound is a limit in time, and the address of the view without it.
type bound struct {
	Words, Value string
	WithoutURL   string
}

func newFilterView(view address, chosen []column, now time.Time) filterView {
	v := filterView{
		Text: view.get("q"), Country: view.get("country"), DefaultColumns: defaultColumns, Bounds: newBounds(view),
		Kept: view.sends("status", "due_before", "checked_before", "sort", "limit"), Active: view.narrows(accountFilters...),
		CanTransact: []option{
			{Value: "", Words: "able or not"}, {Value: "true", Words: "can transact"}, {Value: "false", Words: "cannot transact"},
		},
	}
	choose(v.CanTransact, view.get("can_transact"))
	v.AtRisk = newAtRisk(view.get("at_risk_before"), now)
	for _, c := range columns {
		v.Columns = append(v.Columns, option{Value: c.Name, Words: c.Words, Selected: slices.Contains(chosen, c)})
	}
	return v
}

// newAtRisk offers to see who may lose the ability to transact soon. The address holds the day, so that a view that is shared
// stays what it was.
func newAtRisk(asked string, now time.Time) []option {
	today := now.UTC().Truncate(24 * time.Hour)
	options := []option{
		{Value: "", Words: "any"},
		{Value: machine(today.AddDate(0, 0, 8)), Words: "within 7 days"},
		{Value: machine(today.AddDate(0, 0, 15)), Words: "within 14 days"},
		{Value: machine(today.AddDate(0, 0, 31)), Words: "within 30 days"},
	}
	choose(options, asked)
	if !slices.ContainsFunc(options, func(o option) bool { return o.Selected }) {
		options = append(options, option{Value: asked, Words: "before " + asked, Selected: true})
	}
	return options
}

func newBounds(view address) []bound {
	var bounds []bound
	for _, b := range []struct{ name, words string }{
		{"due_before", "Next check before"}, {"checked_before", "Last checked before"},
	} {
		if text := view.get(b.name); text != "" {
			bounds = append(bounds, bound{Words: b.words, Value: text, WithoutURL: view.with(b.name, "").String()})
		}
	}
	return bounds
}

func choose(options []option, value string) {
	for i := range options {
		options[i].Selected = options[i].Value == value
	}
}
