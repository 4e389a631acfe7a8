package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/account"
)

// What an endpoint's page asks to be confirmed.
const (
	rotating act = "rotate"
	deleting act = "delete"
)

func idOf(r *http.Request) string {
	id := mux.Vars(r)["id"]
	if !account.IsText(id) {
		return "" // there is none
	}
	return id
}

// showEndpoint is an endpoint with what was sent to it. A page that shows it asks again and again whether anything is different.
func (s *site) showEndpoint(w http.ResponseWriter, r *http.Request) {
	h, err := s.Endpoints.HealthOf(r.Context(), idOf(r))
	if err != nil {
		s.endpointProblem(w, r, err)
		return
	}
	asked := r.URL.Query()
	asked.Del("endpoint")
	list, err := s.deliveriesOf(r.Context(), asked, h.ID)
	if err != nil {
		s.problem(w, r, err, problemView{
			Title: "Not understood", Ways: []way{linkTo("Show the endpoint", endpointPath(h.ID))},
		})
		return
	}
	v := endpointView{endpointRow: newEndpointRow(h), List: list}
	var changed bool
	if v.LiveURL, changed = follow(w, r, list.view, digest(v)); !changed {
		return
	}
	if asked := act(asked.Get("confirm")); asked == rotating || asked == deleting {
		v.Asked = asked
	}
	v.Notice = s.notice(r)
	if !fromScript(r) && r.Method == http.MethodGet {
		v.Secret = s.takeSecret(r, h.ID)
	}
	s.render(w, r, http.StatusOK, v)
}

// takeSecret is the secret that the page is to show, this once; "".
func (s *site) takeSecret(r *http.Request, endpointID string) string {
	id, secret, _ := strings.Cut(s.sessions.GetString(r.Context(), secretKey), " ")
	if id != endpointID {
		return ""
	}
	s.sessions.Remove(r.Context(), secretKey)
	return secret
}

// testEndpoint sends a test event, and leads to what comes of it.
func (s *site) testEndpoint(w http.ResponseWriter, r *http.Request) {
	id := idOf(r)
	sent, err := s.Endpoints.Send(r.Context(), id, s.actor(r))
	if err != nil {
		s.didToEndpoint(w, r, id, err, "")
		return
	}
	seeOther(w, deliveryPath(sent.ID))
}

// rotateSecret gives the endpoint another secret, which its page shows once.
func (s *site) rotateSecret(w http.ResponseWriter, r *http.Request) {
	made, err := s.Endpoints.Rotate(r.Context(), idOf(r), s.actor(r))
	if err == nil {
		s.sessions.Put(r.Context(), secretKey, made.ID+" "+made.Secret)
	}
	s.didToEndpoint(w, r, idOf(r), err, "The secret is another now. The one of before signs beside it for 24 hours.")
}

func (s *site) enableEndpoint(w http.ResponseWriter, r *http.Request) {
	_, err := s.Endpoints.Enable(r.Context(), idOf(r), s.actor(r))
	s.didToEndpoint(w, r, idOf(r), err, "It gets what happens from now on. What has failed can be sent again, one by one.")
}

func (s *site) deleteEndpoint(w http.ResponseWriter, r *http.Request) {
	if err := s.Endpoints.Delete(r.Context(), idOf(r), s.actor(r)); err != nil {
		s.endpointProblem(w, r, err)
		return
	}
	s.sessions.Put(r.Context(), noticeKey, "The endpoint is deleted: nothing more is sent to it.")
	seeOther(w, endpointsPath)
}

// didToEndpoint leads back to the endpoint's page, which says that it was done, or why not.
func (s *site) didToEndpoint(w http.ResponseWriter, r *http.Request, id string, err error, notice string) {
	e, ok := errors.AsType[*account.Error](err)
	switch {
	case err != nil && (!ok || e.Kind != account.Conflict):
		s.endpointProblem(w, r, err)
		return
	case err != nil:
		notice = "Not done: " + e.Message
	}
	s.sessions.Put(r.Context(), noticeKey, notice)
	seeOther(w, endpointPath(id))
}

func (s *site) endpointProblem(w http.ResponseWriter, r *http.Request, err error) {
	s.problem(w, r, err, problemView{
		Title: "No endpoint to show", Ways: []way{linkTo("Show all endpoints", endpointsPath)},
	})
}

// endpointView is an endpoint's page.
type endpointView struct {
	endpointRow
	List    deliveriesView
	Asked   act
	Secret  string // shown this once; ""
	LiveURL string
	Notice  string
}

func (endpointView) template() string { return "endpoint" }
