package web

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/gorilla/mux"
)

const helpPath = "/admin/help"

// topic is a kind of words that the desk uses, with what they mean.
type topic struct {
	Name  string // the beginning of its terms' anchors
	Title string
	Lead  string // "": none
	Terms []term
}

// term is a word of a topic.
type term struct {
	Name    string // as addresses and rows have it
	Words   string // as pages show it
	Meaning string
}

// shownTerm is a term, and the topic in whose manner it is shown.
type shownTerm struct {
	term
	Topic string
}

// Shows is the term as the topic shows it.
func (t topic) Shows(one term) shownTerm { return shownTerm{one, t.Name} }

// only is the topic with the terms of these names alone.
func (t topic) only(names map[string]bool) topic {
	t.Terms = slices.DeleteFunc(slices.Clone(t.Terms), func(one term) bool { return !names[one.Name] })
	return t
}

// helpView is what all the words mean.
type helpView struct{ Topics []topic }

func (helpView) template() string { return "help" }

func (s *site) routeHelp(router *mux.Router) {
	s.get(router, helpPath, s.admin(s.showHelp))
}

func (s *site) showHelp(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, helpView{glossary()})
}

// glossary is all of it, in the order of the page.
func glossary() []topic {
	return []topic{
		ideas(), statusTerms(), reasonTerms(), columnTerms(), factTerms(), sourceTerms(), outcomeTerms(), scanTerms(), deliveryTerms(),
		healthTerms(), mailTerms(), kindTerms(), checkTerms(),
	}
}

// topics are some of the glossary, for a page on which their words stand. A name that there is not is a mistake in a template.
func topics(names ...string) ([]topic, error) {
	var found []topic
	for _, name := range names {
		i := slices.IndexFunc(glossary(), func(t topic) bool { return t.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("the glossary has no topic %s", name)
		}
		found = append(found, glossary()[i])
	}
	return found, nil
}

// meaning is what a word of a topic means. What Stripe or a later connectd may add has no meaning yet.
func meaning(of, name string) (term, error) {
	found, err := topics(of)
	if err != nil {
		return term{}, err
	}
	for _, t := range found[0].Terms {
		if t.Name == name {
			return t, nil
		}
	}
	return term{}, nil
}

// helpURL is where the word is explained.
func helpURL(of, name string) string { return helpPath + "#" + of + "-" + name }
