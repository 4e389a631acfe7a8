package web

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"

	"github.com/connectd/connectd/internal/brand"
	"github.com/connectd/connectd/internal/words"
)

// frame is what stands around each of the seller's pages.
type frame struct {
	Language  *words.Language
	Languages []languageLink
	Brand     brandView
	Live      string // where the page asks whether there is something else to show; "" where it does not ask
	Main      view
}

// live is a view that changes before one's eyes.
type live interface{ liveURL() string }

// brandView is the platform, as its sellers see it.
type brandView struct {
	brand.Brand
	LogoURL, StyleURL string
	// LogoWidth and LogoHeight are the room that a page keeps for the logo: the widest, for one of another origin, whose size is not
	// known before it is there.
	LogoWidth, LogoHeight int
}

// sellerTemplates are the seller's pages, by language and name. What they say and where their files are is settled when they
// are read.
type sellerTemplates map[*words.Language]map[string]*template.Template

func (s *site) parseSellerTemplates() sellerTemplates {
	parsed := sellerTemplates{}
	for _, l := range words.Languages() {
		parsed[l] = parsePages("seller.html", template.FuncMap{
			"asset": s.assets.url, "day": l.Day, "say": sayIn(l), "sentences": l.Sentences,
		}, "connect", "problem")
	}
	return parsed
}

// sayIn says sentences in a template: an id, and the names and values of its parameters by turns.
func sayIn(l *words.Language) func(id string, pairs ...string) (string, error) {
	return func(id string, pairs ...string) (string, error) {
		if len(pairs)%2 != 0 {
			return "", errors.New("a parameter of " + id + " has no value")
		}
		args := words.Args{}
		for i := 0; i < len(pairs); i += 2 {
			args[pairs[i]] = pairs[i+1]
		}
		return l.Say(id, args), nil
	}
}

// sellersPage is the view in the seller's layout.
func (s *site) sellersPage(r *http.Request, l *words.Language, v view) ([]byte, error) {
	page := frame{Language: l, Languages: languageLinks(r), Brand: s.brandOf(r), Main: v}
	if changing, ok := v.(live); ok {
		page.Live = changing.liveURL()
	}
	made, err := execute(s.sellerPages[l][v.template()], page)
	if err != nil {
		return nil, fmt.Errorf("render the page %s in %s: %w", v.template(), l.Tag(), err)
	}
	return made, nil
}

// brandOf is the platform's brand, in the style that a preview tries.
func (s *site) brandOf(r *http.Request) brandView {
	v := s.brand
	if tried, ok := r.Context().Value(styleKey{}).(string); ok {
		v.StyleURL = tried
	}
	return v
}

// logoHeight is how high logos stand, in CSS's pixels; widestLogo is how wide at most.
const (
	logoHeight = 36
	widestLogo = 144
)

func (s *site) viewOfBrand() brandView {
	v := brandView{Brand: s.Brand, LogoURL: s.Brand.Logo.URL, StyleURL: s.assets.url("seller.css"), LogoHeight: logoHeight, LogoWidth: widestLogo}
	if logo := s.Brand.Logo; logo.Content != nil {
		v.LogoURL = s.assets.url("logo")
		v.LogoWidth = min(widestLogo, max(1, logo.Width*logoHeight/logo.Height))
	}
	return v
}

// platform names the platform in the middle of a sentence, set off from it as the language does with names.
func (s *site) platform(l *words.Language) string {
	if s.Brand.Name != "" {
		return l.Say("page.named", words.Args{"Platform": s.Brand.Name})
	}
	return l.Say("page.platform", nil)
}
