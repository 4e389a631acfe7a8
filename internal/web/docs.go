package web

import (
	"net/http"
)

// showDocs shows the API's contract. The page is made when it is first asked for, and never changes.
func (s *site) showDocs(w http.ResponseWriter, r *http.Request) {
	page, err := s.docs()
	if err != nil {
		s.broken(w, r, err)
		return
	}
	write(w, http.StatusOK, page)
}

func renderDocs(contract []byte) ([]byte, error) {
	v, err := docsOf(contract)
	if err != nil {
		return nil, err
	}
	return execute(templates[v.template()], v)
}
