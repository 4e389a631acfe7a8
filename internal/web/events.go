package web

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

const (
	eventsPath = "/admin/events"
	replayPath = eventsPath + "/replay"
)

// changesLookedAt is among how many of its account's latest changes an event's are looked for.
const changesLookedAt = 1000

func (s *site) routeEvents(router *mux.Router) {
	s.getOrSignIn(router, eventsPath, s.listEvents)
	s.getOrSignIn(router, replayPath, s.askReplay)
	s.getOrSignIn(router, eventsPath+"/{id}", s.showEvent)
	s.post(router, replayPath+"/lot", s.admin(s.replayLot))
	s.post(router, eventsPath+"/{id}/replay", s.admin(s.replayEvent))
}

// listEvents is Stripe's events, newest first. Its first page asks again and again whether newer ones have come: what is being read
// does not move for them.
func (s *site) listEvents(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	query, err := readEventQuery(asked)
	if err != nil {
		s.eventProblem(w, r, err)
		return
	}
	if id := asked.Get("id"); id != "" {
		s.toEvent(w, r, id)
		return
	}
	newest, err := s.Registry.NewestEvent(r.Context(), query.EventFilter) // before the rows are read
	if err != nil {
		s.eventProblem(w, r, err)
		return
	}
	view := viewAt(eventsPath, asked, eventParams...)
	liveURL, changed := follow(w, r, view, versionAt(newest))
	if !changed {
		return
	}
	v, err := s.eventsView(r.Context(), view, query)
	if err != nil {
		s.eventProblem(w, r, err)
		return
	}
	v.Notice, v.News = s.notice(r), v.FirstURL == "" && shownVersion(r) != nothingShown
	if v.FirstURL == "" && !v.News {
		v.LiveURL = liveURL
	}
	s.render(w, r, http.StatusOK, v)
}

// toEvent leads to the page of the event whose id was searched for.
func (s *site) toEvent(w http.ResponseWriter, r *http.Request, id string) {
	if _, err := s.Registry.StoredEvent(r.Context(), id); err != nil {
		s.eventProblem(w, r, err)
		return
	}
	seeOther(w, eventPath(id))
}

func (s *site) eventsView(ctx context.Context, view address, query registry.EventQuery) (eventsView, error) {
	page, err := s.Registry.BrowseEvents(ctx, query)
	if err != nil {
		return eventsView{}, err
	}
	failed, err := s.Registry.FailedEvents(ctx, countedAtMost+1)
	if err != nil {
		return eventsView{}, err
	}
	return newEventsView(view, page, failed, s.Now()), nil
}

// versionAt is the version of a page whose newest event is of that moment.
func versionAt(newest time.Time) int64 { return max(0, newest.UnixMicro()) }

// showEvent is an event's page.
func (s *site) showEvent(w http.ResponseWriter, r *http.Request) {
	s.renderEvent(w, r, http.StatusOK, "")
}

// renderEvent shows an event, and why it was not applied again where that was asked for.
func (s *site) renderEvent(w http.ResponseWriter, r *http.Request, status int, problem string) {
	v, err := s.eventView(r)
	if err != nil {
		s.eventProblem(w, r, err)
		return
	}
	v.Problem, v.Notice = problem, s.notice(r)
	s.render(w, r, status, v)
}

func (s *site) eventView(r *http.Request) (eventView, error) {
	id := mux.Vars(r)["id"]
	if !account.IsText(id) {
		return eventView{}, account.Errorf(account.NotFound, "There is no such event here.")
	}
	e, payload, err := s.Registry.EventAsStored(r.Context(), id)
	if err != nil {
		return eventView{}, err
	}
	v := newEventView(e, payload)
	if e.Account == nil {
		return v, nil
	}
	a, err := s.Registry.Account(r.Context(), *e.Account)
	switch {
	case account.KindOf(err) == account.NotFound:
		return v, nil
	case err != nil:
		return v, err
	}
	changes, err := s.Registry.ChangesByEvent(r.Context(), e, changesLookedAt)
	v.of(a, changes)
	return v, err
}

// replayEvent applies an event again, and leads back to its page, which says what became of it.
func (s *site) replayEvent(w http.ResponseWriter, r *http.Request) {
	id := mux.Vars(r)["id"]
	if !account.IsText(id) {
		s.eventProblem(w, r, account.Errorf(account.NotFound, "There is no such event here."))
		return
	}
	e, err := s.Events.Replay(r.Context(), id, s.actor(r))
	if account.KindOf(err) == account.Conflict {
		s.renderEvent(w, r, http.StatusConflict, err.Error())
		return
	}
	if err != nil {
		s.eventProblem(w, r, err)
		return
	}
	s.sessions.Put(r.Context(), noticeKey, replayedWords(e))
	seeOther(w, eventPath(id))
}

func replayedWords(e client.StripeEvent) string {
	words := "Applied again: it is " + lowerFirst(outcomeWords(e.Outcome)) + " now"
	if e.Why != nil {
		words += " (" + *e.Why + ")"
	}
	return words + "."
}

// askReplay says what a replay of the failed events would do, before it is done.
func (s *site) askReplay(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	query, err := readEventQuery(asked)
	if err != nil {
		s.eventProblem(w, r, err)
		return
	}
	ids, next, err := s.Registry.FailedLot(r.Context(), query.EventFilter, query.Cursor, lotSize)
	if err != nil {
		s.eventProblem(w, r, err)
		return
	}
	v := newLotView(viewAt(replayPath, asked, eventParams...).with("outcome", ""), len(ids), next)
	v.Notice = s.notice(r)
	s.render(w, r, http.StatusOK, v)
}

// replayLot applies a lot of the failed events again, and leads to the next, or back to those that failed.
func (s *site) replayLot(w http.ResponseWriter, r *http.Request) {
	query, err := readEventQuery(r.PostForm)
	if err != nil {
		s.eventProblem(w, r, err)
		return
	}
	lot, err := s.Events.ReplayLot(r.Context(), query.EventFilter, query.Cursor, s.actor(r))
	if err != nil {
		s.eventProblem(w, r, err)
		return
	}
	s.sessions.Put(r.Context(), noticeKey, lotWords(lot))
	view := viewAt(replayPath, r.PostForm, eventFilters...)
	if lot.Next != "" {
		seeOther(w, view.with(cursorParam, lot.Next).String())
		return
	}
	seeOther(w, failedLike(view).String())
}

func (s *site) eventProblem(w http.ResponseWriter, r *http.Request, err error) {
	v := problemView{Title: "No event to show", Ways: []way{linkTo("Show all events", eventsPath)}}
	if account.KindOf(err) == account.NotFound {
		v.Advice = "It may never have come, be of another platform or mode, or have been forgotten since (CONNECTD_EVENT_RETENTION)."
	}
	s.problem(w, r, err, v)
}

func eventPath(id string) string { return eventsPath + "/" + url.PathEscape(id) }
