package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"time"
)

//go:embed templates/*.html
var templateFiles embed.FS

// view is what a page shows. Each kind of view has a template of its own name.
type view interface{ template() string }

// templates are the pages, each in the layout.
var templates = parseTemplates(
	"welcome", "connect", "problem", "sign_in", "accounts", "account", "status", "docs",
)

func parseTemplates(names ...string) map[string]*template.Template {
	layout := template.Must(template.New("layout.html").Funcs(template.FuncMap{
		"asset": assetURL, "moment": moment, "day": day, "machine": machine,
	}).ParseFS(templateFiles, "templates/layout.html"))
	pages := make(map[string]*template.Template, len(names))
	for _, name := range names {
		page := template.Must(layout.Clone())
		pages[name] = template.Must(page.ParseFS(templateFiles, "templates/"+name+".html"))
	}
	return pages
}

// render writes the page, or a page that says that something went wrong where it can't be made: never half of one.
func (s *site) render(w http.ResponseWriter, r *http.Request, status int, v view) {
	page, err := execute(v)
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

func execute(v view) ([]byte, error) {
	var b bytes.Buffer
	if err := templates[v.template()].Execute(&b, v); err != nil {
		return nil, fmt.Errorf("render the page %s: %w", v.template(), err)
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
