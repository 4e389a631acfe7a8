package web

import "net/http"

const statusPath = "/statusz"

// Trouble is something that an operator has to know of.
type Trouble struct {
	Words string // what is wrong
	Fix   string // what to do
}

// troublesView is what is wrong, in words.
type troublesView struct{ Troubles []Trouble }

func (troublesView) template() string { return "status" }

func (s *site) showTroubles(w http.ResponseWriter, r *http.Request) {
	found, err := s.Troubles(r.Context())
	if err != nil {
		s.broken(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, troublesView{found})
}
