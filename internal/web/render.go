package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"github.com/connectd/connectd/internal/brand"
)

//go:embed templates/*.html
var templateFiles embed.FS

// view is what a page shows. Each kind of view has a template of its own name.
type view interface{ template() string }

// templates are the pages that are not the seller's, each in the layout.
var templates = parsePages("layout.html", template.FuncMap{
	"asset": readAssets(brand.Brand{}).url, "moment": moment, "day": day, "machine": machine, "number": number, "rooms": rooms,
	"topics": topics, "meaning": meaning, "helpURL": helpURL, "pieces": pieces,
}, "welcome", "problem", "sign_in", "docs", "preview", "status", "settings", "help", "accounts", "account", "overview",
	"scans", "scan", "scan_new", "events", "event", "events_replay",
	"endpoints", "endpoint", "deliveries", "delivery", "mails", "links", "keys", "policy")

func parsePages(around string, functions template.FuncMap, names ...string) map[string]*template.Template {
	layout := template.Must(template.New(around).Funcs(functions).ParseFS(templateFiles, "templates/"+around))
	pages := make(map[string]*template.Template, len(names))
	for _, name := range names {
		page := template.Must(layout.Clone())
		pages[name] = template.Must(page.ParseFS(templateFiles, "templates/"+name+".html"))
	}
	return pages
}

// render writes the page, or a page that says that something went wrong where it can't be made: never half of one.
func (s *site) render(w http.ResponseWriter, r *http.Request, status int, v view) {
	page, err := s.page(r, v)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	write(w, status, page)
}

func write(w http.ResponseWriter, status int, page []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page) // it fails where the browser has gone: nobody to tell
}

// page is the view in its layout: the seller's, in their language, or that of all other pages.
func (s *site) page(r *http.Request, v view) ([]byte, error) {
	if l, sellers := sellersLanguage(r); sellers {
		return s.sellersPage(r, l, v)
	}
	return execute(templates[v.template()], v)
}

func execute[T any](page *template.Template, data T) ([]byte, error) {
	var b bytes.Buffer
	if err := page.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("render a page: %w", err)
	}
	return b.Bytes(), nil
}

// seeOther sends the browser on, after a form or from Stripe.
func seeOther(w http.ResponseWriter, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}

func moment(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") }

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }
