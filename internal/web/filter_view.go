package web

import (
	"net/url"
	"slices"
)

// filterView is the form above the account table, as it was sent.
type filterView struct {
	Text           string
	Country        string
	CanTransact    []option
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

func newFilterView(asked url.Values, chosen []column) filterView {
	v := filterView{
		Text: asked.Get("q"), Country: asked.Get("country"), DefaultColumns: defaultColumns,
		CanTransact: []option{
			{Value: "", Words: "able or not"}, {Value: "true", Words: "can transact"}, {Value: "false", Words: "cannot transact"},
		},
	}
	choose(v.CanTransact, asked.Get("can_transact"))
	for _, c := range columns {
		v.Columns = append(v.Columns, option{Value: c.Name, Words: c.Words, Selected: slices.Contains(chosen, c)})
	}
	for _, name := range []string{"status", "due_before", "checked_before", "at_risk_before", "sort", "limit"} {
		if text := asked.Get(name); text != "" {
			v.Kept = append(v.Kept, hiddenField{name, text})
		}
	}
	v.Bounds = newBounds(asked)
	for _, name := range []string{"q", "status", "can_transact", "country", "due_before", "checked_before", "at_risk_before"} {
		v.Active = v.Active || asked.Get(name) != ""
	}
	return v
}

func newBounds(asked url.Values) []bound {
	var bounds []bound
	for _, b := range []struct{ name, words string }{
		{"due_before", "Next check before"}, {"checked_before", "Last checked before"},
	} {
		if text := asked.Get(b.name); text != "" {
			bounds = append(bounds, bound{Words: b.words, Value: text, WithoutURL: addressWith(asked, b.name, "")})
		}
	}
	return bounds
}

func choose(options []option, value string) {
	for i := range options {
		options[i].Selected = options[i].Value == value
	}
}
