package web

import (
	"maps"
	"net/url"
	"strconv"
	"strings"

	"github.com/connectd/connectd/internal/account"
)

// address is a page of the desk, and which view of it: by the parameters that say something.
type address struct {
	path  string
	query url.Values
}

// pageAt is the page in the view that it has by itself.
func pageAt(path string) address { return address{path: path} }

// viewAt is the page in the view that was asked for by the parameters of these names.
func viewAt(path string, asked url.Values, names ...string) address {
	a := pageAt(path)
	for _, name := range names {
		a = a.with(name, asked.Get(name))
	}
	return a
}

// readView is viewAt for parameters that go to the database, which takes text alone.
func readView(path string, asked url.Values, names ...string) (address, error) {
	for _, name := range names {
		if !account.IsText(asked.Get(name)) {
			return address{}, account.InvalidField(name, "The value of %s is not text.", name)
		}
	}
	return viewAt(path, asked, names...), nil
}

// with is the same view but for one parameter; "" takes that out.
func (a address) with(name, value string) address {
	query := url.Values{}
	maps.Copy(query, a.query)
	query.Del(name)
	if value != "" {
		query.Set(name, value)
	}
	return address{a.path, query}
}

// on is the same view of another page.
func (a address) on(path string) address { return address{path, a.query} }

func (a address) get(name string) string { return a.query.Get(name) }

// String leaves commas as they are: an address is for people, too.
func (a address) String() string {
	if len(a.query) == 0 {
		return a.path
	}
	return a.path + "?" + strings.ReplaceAll(a.query.Encode(), "%2C", ",")
}

// sends are the view's parameters of these names, as a form sends them along.
func (a address) sends(names ...string) []hiddenField {
	var fields []hiddenField
	for _, name := range names {
		if value := a.get(name); value != "" {
			fields = append(fields, hiddenField{name, value})
		}
	}
	return fields
}

// narrows reports whether a parameter of these names leaves something out of the view.
func (a address) narrows(names ...string) bool { return len(a.sends(names...)) > 0 }

// paging leads from a page of a list to the others.
type paging struct {
	FirstURL string // "": this is the first page
	NextURL  string // "": this is the last
	Searched int    // how many rows were looked at, where the search goes on behind them; 0
}

// cursorParam is the parameter that says where a page of a list begins.
const cursorParam = "cursor"

// pages are those of the view's list, whose next page begins at next; "" after the last.
func (a address) pages(next string) paging { return a.pagesBy(cursorParam, next) }

// pagesBy is for a page with more lists than one, each with a parameter of its own.
func (a address) pagesBy(param, next string) paging {
	var p paging
	if a.get(param) != "" {
		p.FirstURL = a.with(param, "").String()
	}
	if next != "" {
		p.NextURL = a.with(param, next).String()
	}
	return p
}

// renamed reads a parameter by the name that it had in older addresses, too.
func renamed(asked url.Values, was, is string) url.Values {
	if asked.Has(is) || !asked.Has(was) {
		return asked
	}
	now := maps.Clone(asked)
	now.Set(is, asked.Get(was))
	return now
}

// readNumber reads where a history goes on, or which page of it; 0 where nothing is asked for. What says what the number is.
func readNumber(asked url.Values, name, what string) (int64, error) {
	text := asked.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, account.InvalidField(name, "%s is %s, not %q.", name, what, text)
	}
	return n, nil
}

// writtenNumber is the number as an address has it; "" for 0.
func writtenNumber(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
