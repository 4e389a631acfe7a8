package sandbox

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
)

//go:embed pages/*.html
var pageFiles embed.FS

var pageTemplates = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// shownAccounts and shownAttempts keep the pages short where there are a million accounts.
const (
	shownAccounts = 50
	shownAttempts = 50
)

type overviewPage struct {
	Platform Platform
	Accounts []accountRow
	Total    int
	Attempts []attempt
}

type accountRow struct {
	ID        string
	Name      string
	Persona   string
	Country   string
	Connected bool
	Changed   bool
}

func (s *Sandbox) routePages(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", s.overview)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.errorResponse(unrecognizedURL(r), "").write(w, s.now())
	})
}

func (s *Sandbox) overview(w http.ResponseWriter, _ *http.Request) {
	page := overviewPage{Attempts: s.dispatcher.log.newest(shownAttempts)}
	_ = s.state.view(func(tx *transaction) error { // answers no error
		page.Platform = tx.platforms[0].Platform
		page.Accounts = tx.newestAccounts(shownAccounts)
		page.Total = len(tx.order)
		return nil
	})
	result, err := renderPage("overview.html", page)
	if err != nil {
		result = s.errorResponse(err, "")
	}
	result.write(w, s.now())
}

func (tx *transaction) newestAccounts(n int) []accountRow {
	var rows []accountRow
	for place := len(tx.order) - 1; place >= 0 && len(rows) < n; place-- {
		if a := tx.order[place]; !a.Deleted {
			rows = append(rows, a.row())
		}
	}
	return rows
}

func (a *account) row() accountRow {
	return accountRow{
		ID: a.ID, Name: string(a.appendSlot(nil, slotName)), Persona: a.Persona.String(), Country: a.country().code,
		Connected: len(a.Platforms) > 0, Changed: len(a.Overrides) > 0,
	}
}

type grantPage struct {
	ClientID string
	Query    []queryField
	Personas []string
	Accounts []accountRow
}

// queryField is a parameter that the platform has sent, which goes along with the seller's answer.
type queryField struct {
	Name, Value string
}

// grantPage shows what a seller sees: whom to be. Its buttons ask the same again, each with one answer.
func (tx *transaction) grantPage(a *authorization) (*response, error) {
	page := grantPage{
		ClientID: a.Platform.ClientID, Personas: Personas(), Accounts: tx.newestAccounts(shownAccounts),
	}
	for _, name := range slices.Sorted(maps.Keys(a.Query)) {
		if name == "persona" || name == "account" {
			continue
		}
		page.Query = append(page.Query, queryField{name, a.Query.Get(name)})
	}
	return renderPage("grant.html", page)
}

func renderPage(name string, page any) (*response, error) {
	var b bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&b, name, page); err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	r := newResponse(http.StatusOK, "text/html; charset=utf-8", b.Bytes())
	r.header.Set("X-Content-Type-Options", "nosniff")
	r.header.Set("Referrer-Policy", "no-referrer")
	r.header.Set("Cache-Control", "no-store")
	return r, nil
}
