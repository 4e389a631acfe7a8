package sandbox

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed assets
var assetFiles embed.FS

var pageTemplates = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// formTargets is where a page's forms may lead, redirects after them included: a browser holds them to form-action too
// (w3.org/TR/CSP3, form-action).
type formTargets string

const (
	// formsStay is of pages whose forms come back to them.
	formsStay formTargets = "'self'"
	// formsLeave is of pages that send the browser on to wherever the platform wants it.
	formsLeave formTargets = "'self' http: https:"
)

// page is a handler of people's side: what it answers is HTML or a redirect, and an error is a page.
type page func(r *http.Request) (*response, error)

func (s *Sandbox) routePages(mux *http.ServeMux) {
	mux.Handle("GET /assets/", http.FileServerFS(assetFiles))
	for pattern, answer := range map[string]page{
		"GET /{$}":                                s.overview,
		"POST /page/clock":                        s.pressClock,
		"POST /page/accounts":                     s.pressMake,
		"POST /page/accounts/{id}/switch":         s.pressSwitch,
		"POST /page/accounts/{id}/due":            s.pressDue,
		"POST /page/accounts/{id}/deauthorize":    s.pressDeauthorize,
		"POST /page/accounts/{id}/checkout":       s.pressCheckout,
		"POST /page/events/{id}/redeliver":        s.pressRedeliver,
		"GET /mail":                               s.mailbox,
		"GET /mail/{n}":                           s.mailHTML,
		"GET " + checkoutPath + "{id}":            s.checkoutPage,
		"POST " + checkoutPath + "{id}":           s.payCheckout,
		"GET " + onboardingPath + "{id}/{token}":  s.onboardingPage,
		"POST " + onboardingPath + "{id}/{token}": s.finishOnboarding,
		"GET " + expressPath + "{id}/{token}":     expressDashboard,
	} {
		mux.Handle(pattern, s.paged(answer))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.errorResponse(unrecognizedURL(r), "").write(w, s.now())
	})
}

// paged refuses what another site has a browser do here: no key guards these pages.
func (s *Sandbox) paged(answer page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		result := s.work(r, "", nil, func(r *http.Request, _ string) *response {
			err := s.foreigners.refuse(r)
			var result *response
			if err == nil {
				result, err = answer(r)
			}
			if err != nil {
				status, sentence := s.failure(r, err)
				return problemPage(status, sentence)
			}
			return result
		})
		result.write(w, s.now())
	})
}

func problemPage(status int, sentence string) *response {
	result, err := renderPage("problem.html", formsStay, sentence)
	if err != nil {
		return newResponse(http.StatusInternalServerError, "text/plain; charset=utf-8", []byte(sentence))
	}
	result.status = status
	return result
}

func renderPage(name string, forms formTargets, content any) (*response, error) {
	var b bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&b, name, content); err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	return htmlResponse(b.Bytes(), "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "+
		"img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action "+string(forms)), nil
}

func htmlResponse(body []byte, policy string) *response {
	r := newResponse(http.StatusOK, "text/html; charset=utf-8", body)
	r.header.Set("Content-Security-Policy", policy)
	r.header.Set("X-Content-Type-Options", "nosniff")
	r.header.Set("Referrer-Policy", "no-referrer")
	r.header.Set("Cache-Control", "no-store")
	return r
}

func seeOther(location string) *response {
	r := redirectResponse(location)
	r.status = http.StatusSeeOther
	return r
}
