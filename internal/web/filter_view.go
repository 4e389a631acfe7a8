package web

import (
	"net/url"
)

// filterView is the form above the account table, as it was sent.
type filterView struct {
	Text        string
	Country     string
	Statuses    []option
	CanTransact []option
	Kept        []hiddenField // what the address asks for and the form does not show
	Active      bool          // something is left out of the table
}

// option is one choice of a list.
type option struct {
	Value, Words string
	Selected     bool
}

// hiddenField goes along with a form.
type hiddenField struct{ Name, Value string }

func newFilterView(asked url.Values) filterView {
	v := filterView{
		Text: asked.Get("q"), Country: asked.Get("country"),
		Statuses: []option{{Value: "", Words: "any status"}},
		CanTransact: []option{
			{Value: "", Words: "able or not"}, {Value: "true", Words: "can transact"}, {Value: "false", Words: "cannot transact"},
		},
	}
	for _, status := range statusesOfAccounts() {
		v.Statuses = append(v.Statuses, option{Value: string(status), Words: status.Words()})
	}
	choose(v.Statuses, asked.Get("status"))
	choose(v.CanTransact, asked.Get("can_transact"))
	for _, name := range []string{"due_before", "checked_before", "at_risk_before", "sort", "limit"} {
		if text := asked.Get(name); text != "" {
			v.Kept = append(v.Kept, hiddenField{name, text})
		}
	}
	for _, name := range []string{"q", "status", "can_transact", "country", "due_before", "checked_before", "at_risk_before"} {
		v.Active = v.Active || asked.Get(name) != ""
	}
	return v
}

func choose(options []option, value string) {
	for i := range options {
		options[i].Selected = options[i].Value == value
	}
}
