package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/scan"
	"github.com/connectd/connectd/internal/words"
)

const (
	scansPath   = "/admin/scans"
	newScanPath = scansPath + "/new"
)

const (
	scansShown    = 50
	findingsShown = 50
)

func (s *site) routeScans(router *mux.Router) {
	s.getOrSignIn(router, scansPath, s.listScans)
	s.getOrSignIn(router, newScanPath, s.newScan)
	s.getOrSignIn(router, scansPath+"/{id}", s.showScan)
	s.post(router, newScanPath+"/start", s.admin(s.startScan))
	s.post(router, scansPath+"/{id}/resume", s.admin(s.resumeScan))
}

// listScans is the passes, newest first. A page that shows them asks again and again whether any has come further; while none has,
// the answer is empty.
func (s *site) listScans(w http.ResponseWriter, r *http.Request) {
	now, view := s.Now(), viewAt(scansPath, r.URL.Query(), cursorParam)
	passes, next, err := s.Passes.Briefs(r.Context(), view.get(cursorParam), scansShown, now)
	if err != nil {
		s.scanProblem(w, r, err)
		return
	}
	liveURL, changed := follow(w, r, view, versionOfPasses(passes, now))
	if !changed {
		return
	}
	v := newScansView(passes, view.pages(next), s.pace())
	v.LiveURL = liveURL
	s.render(w, r, http.StatusOK, v)
}

// showScan is a pass's page, which asks likewise.
func (s *site) showScan(w http.ResponseWriter, r *http.Request) {
	pass, err := s.Passes.Brief(r.Context(), mux.Vars(r)["id"], s.Now())
	if err != nil {
		s.scanProblem(w, r, err)
		return
	}
	if _, changed := follow(w, r, pageAt(scanPath(pass.ID)), versionOfPasses([]client.Scan{pass}, s.Now())); !changed {
		return
	}
	s.renderScan(w, r, http.StatusOK, pass, releaseView{Asked: r.URL.Query().Get("confirm") == "release" && pass.State == braked})
}

// renderScan shows a pass, and the release of its brake where that is asked for.
func (s *site) renderScan(w http.ResponseWriter, r *http.Request, status int, pass client.Scan, release releaseView) {
	view, err := readView(scanPath(pass.ID), r.URL.Query(), heldParam, changedParam)
	if err != nil {
		s.scanProblem(w, r, err)
		return
	}
	v := newScanView(pass, view, s.pace())
	err = errors.Join(s.find(r, view, &v.Held), s.find(r, view, &v.Changed))
	if err == nil && release.Asked {
		err = s.weigh(r, pass.ID, &release)
	}
	if err != nil {
		s.scanProblem(w, r, err)
		return
	}
	v.Release, v.Notice = release, s.notice(r)
	s.render(w, r, status, v)
}

// find reads a page of what a pass found.
func (s *site) find(r *http.Request, view address, v *findingsView) error {
	found, err := s.Passes.Findings(r.Context(), mux.Vars(r)["id"], findings[v.Param], view.get(v.Param), findingsShown+1)
	v.show(found, view)
	return err
}

// weigh says what the release of the brake would take.
func (s *site) weigh(r *http.Request, id string, v *releaseView) error {
	held, err := s.Passes.CountHeldBack(r.Context())
	if err != nil {
		return err
	}
	v.Accounts = held
	found, err := s.Passes.Findings(r.Context(), id, scan.HeldBack, "", scan.Kept)
	v.Fates = fatesOf(found)
	return err
}

// newScan offers passes to start, with what each would cost.
func (s *site) newScan(w http.ResponseWriter, r *http.Request) {
	s.renderNewScan(w, r, http.StatusOK, "")
}

func (s *site) renderNewScan(w http.ResponseWriter, r *http.Request, status int, problem string) {
	costs, err := s.Passes.Costs(r.Context(), s.Now())
	if err != nil {
		s.broken(w, r, err)
		return
	}
	newest, _, err := s.Passes.Briefs(r.Context(), "", 1, s.Now())
	if err != nil {
		s.broken(w, r, err)
		return
	}
	v := newScanCostsView(costs, s.StripeRate)
	v.Problem = problem
	if len(newest) > 0 && isOpen(newest[0]) {
		v.OpenURL = scanPath(newest[0].ID)
	}
	s.render(w, r, status, v)
}

// startScan opens a pass, and leads to its page.
func (s *site) startScan(w http.ResponseWriter, r *http.Request) {
	choice, ok := choices[r.PostFormValue("pass")]
	if !ok {
		s.renderNewScan(w, r, http.StatusBadRequest, "Choose which accounts are to be checked.")
		return
	}
	pass, err := s.Passes.Start(r.Context(), s.actor(r), choice.scope, choice.method, s.Now())
	if account.KindOf(err) == account.Conflict {
		s.renderNewScan(w, r, http.StatusConflict, "Nothing was started: a scan has been opened meanwhile.")
		return
	}
	if err != nil {
		s.broken(w, r, err)
		return
	}
	s.WakeScan()
	seeOther(w, scanPath(pass.ID))
}

// choices are the passes that can be started, by their names in the form.
var choices = map[string]struct {
	scope  scan.Scope
	method scan.Method
}{
	"due":      {scan.Due, scan.Either},
	"retrieve": {scan.All, scan.Retrieve},
	"list":     {scan.All, scan.List},
}

// resumeScan releases the brake of a pass, of no more accounts than the form says that one was shown.
func (s *site) resumeScan(w http.ResponseWriter, r *http.Request) {
	id := mux.Vars(r)["id"]
	known, err := strconv.ParseInt(r.PostFormValue("held_back"), 10, 64)
	if err != nil {
		seeOther(w, scanPath(id)+"?confirm=release#acting") // which says how many
		return
	}
	_, err = s.Passes.ResumeKnown(r.Context(), id, known, s.actor(r), s.Now())
	if e, ok := errors.AsType[*account.Error](err); ok && e.Kind == account.Conflict {
		s.notReleased(w, r, id, e)
		return
	}
	if err != nil {
		s.scanProblem(w, r, err)
		return
	}
	s.WakeScan()
	s.sessions.Put(r.Context(), noticeKey, "The brake is released: what was held back is retrieved again, and applied.")
	seeOther(w, scanPath(id))
}

// notReleased shows why, beside what is held back by now.
func (s *site) notReleased(w http.ResponseWriter, r *http.Request, id string, e *account.Error) {
	pass, err := s.Passes.Brief(r.Context(), id, s.Now())
	if err != nil {
		s.scanProblem(w, r, err)
		return
	}
	s.renderScan(w, r, http.StatusConflict, pass, releaseView{Asked: pass.State == braked, Problem: sentenceOf(e, words.English())})
}

func (s *site) scanProblem(w http.ResponseWriter, r *http.Request, err error) {
	s.problem(w, r, err, problemView{
		Title: "No scan to show", Ways: []way{linkTo("Show all scans", scansPath)},
	})
}

func scanPath(id string) string { return scansPath + "/" + url.PathEscape(id) }
