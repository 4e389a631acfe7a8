package web

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/brand"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/words"
)

// The preview shows a platform what its sellers would see, in a colour to try. It is there in a demo alone.
const (
	previewPath  = "/preview"
	previewStyle = previewPath + "/" + sellerStyle
)

// previewView lists the seller's pages.
type previewView struct {
	Colour    string
	States    []string
	Languages []*words.Language
}

func (previewView) template() string { return "preview" }

// beyondPersonas are the pages that no persona has.
var beyondPersonas = []string{"new", "denied", "unlink", "expired"}

func (s *site) routePreview(router *mux.Router) {
	if len(s.PreviewSellers) == 0 {
		return
	}
	s.get(router, previewPath, s.public(s.listPreviews))
	s.get(router, previewStyle, s.public(s.servePreviewStyle))
	s.get(router, previewPath+"/{state}", s.seller(s.showPreview))
	s.post(router, previewPath+"/{state}/{act}", s.seller(s.leavePreview))
}

func (s *site) listPreviews(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, previewView{
		Colour: s.previewColour(r).String(), States: s.previews(), Languages: words.Languages(),
	})
}

// previews are the pages that there are to look at: the demo's own, and no other seller's.
func (s *site) previews() []string { return slices.Concat(beyondPersonas, s.PreviewSellers) }

// previewColour is the one that is tried, or the platform's.
func (s *site) previewColour(r *http.Request) brand.Colour {
	colour, err := brand.ParseColour(r.URL.Query().Get("colour"))
	if err != nil {
		return s.Brand.Shade()
	}
	return colour
}

func (s *site) servePreviewStyle(w http.ResponseWriter, r *http.Request) {
	tried := s.Brand
	colour := s.previewColour(r)
	tried.Colour = &colour
	files := readAssets(tried)
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(files[files.url(sellerStyle)].body))
}

// showPreview is the page of the demo's seller of that name, or one that no seller of the demo has.
func (s *site) showPreview(w http.ResponseWriter, r *http.Request) {
	state := mux.Vars(r)["state"]
	if !slices.Contains(s.previews(), state) {
		s.showNotFound(w, r)
		return
	}
	style := previewStyle + "?" + url.Values{"colour": {s.previewColour(r).String()}}.Encode()
	r = r.WithContext(context.WithValue(r.Context(), styleKey{}, style))
	l := languageOf(r)
	if state == "expired" {
		s.render(w, r, http.StatusOK, problemView{
			Title: l.Say("problem.link", nil), Sentence: l.Say("onboarding.link_expired", nil), Advice: l.Say("problem.link_advice", nil),
		})
		return
	}
	page, err := s.previewed(r.Context(), state)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	v := s.connectView(l, previewPath+"/"+url.PathEscape(state), page).asking(state)
	v.Denied, v.Live = state == "denied", ""
	s.render(w, r, http.StatusOK, v)
}

// previewed is what the page shows in a state; a seller may have the name of one that is nobody's.
func (s *site) previewed(ctx context.Context, state string) (onboarding.Page, error) {
	switch state {
	case "new", "denied":
		return onboarding.Page{MayUnlink: true}, nil
	case "unlink":
		state = "nameless"
	}
	return s.Onboarding.PageOf(ctx, state)
}

// leavePreview: a preview's buttons do nothing.
func (s *site) leavePreview(w http.ResponseWriter, r *http.Request) {
	at, _, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), previewPath+"/"), "/")
	seeOther(w, previewPath+"/"+at)
}

type styleKey struct{}
