package web

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gorilla/mux"
)

const (
	statusPath   = "/statusz"
	askAgainPath = statusPath + "/ask"
)

// Status is what is wrong, and what was looked at to find out.
type Status struct {
	Troubles []Trouble // none where all is well
	Checks   []Check
	// AskedAt is when Stripe and the mail server were asked last; nil: never.
	AskedAt *time.Time
	// AskingSince is since when they are being asked again; nil: they are not.
	AskingSince *time.Time
}

// Glance says who looks at the status: by that Stripe is asked sooner or later.
type Glance int

// The glances.
const (
	LeftOpen Glance = iota // a page that somebody has open
	Opened                 // somebody who opens the page
	Asked                  // somebody who wants Stripe to be asked now
)

// Trouble is something that an operator has to know of.
type Trouble struct {
	Words string // what is wrong
	Fix   string // what to do
	// Way leads to URL, the page that helps; "": there is none.
	Way, URL string
}

// Check is what became of looking at one thing.
type Check struct {
	Name  string
	State CheckState
	Words string // what was found
	Fix   string // what to do; "" where nothing is
}

// CheckState says how what was found is to be taken.
type CheckState string

// The states of checks.
const (
	CheckOK      CheckState = "ok"
	CheckWarning CheckState = "warning"
	CheckWrong   CheckState = "wrong"
)

// checksView is the page.
type checksView struct {
	Status
	Well    bool
	Faulty  int    // how many checks ask for something
	LiveURL string // asks for this page if anything has changed since
	AskURL  string
}

func (checksView) template() string { return "status" }

func (s *site) routeStatus(router *mux.Router) {
	s.get(router, statusPath, within(statusWithin, s.admin(s.showStatus)))
	s.post(router, askAgainPath, within(statusWithin, s.admin(s.askAgain)))
}

// statusWithin is how long the page may take: it is looked at where something hangs, the database, say, in which sessions are.
const statusWithin = 8 * time.Second

// within ends what a request waits for.
func within(d time.Duration, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), d)
		defer cancel()
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (s *site) showStatus(w http.ResponseWriter, r *http.Request) {
	by := Opened
	if fromScript(r) {
		by = LeftOpen
	}
	v := newChecksView(s.Status(r.Context(), by))
	version := v.version()
	if shownVersion(r) == version {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	v.LiveURL = statusPath + "?" + url.Values{"shown": {strconv.FormatInt(version, 10)}}.Encode()
	s.render(w, r, http.StatusOK, v)
}

func newChecksView(found Status) checksView {
	v := checksView{Status: found, AskURL: askAgainPath}
	for _, c := range found.Checks {
		if c.State != CheckOK {
			v.Faulty++
		}
	}
	v.Well = len(found.Troubles) == 0 && v.Faulty == 0 && found.AskedAt != nil
	slices.SortStableFunc(v.Checks, func(a, b Check) int { return pressingness(a.State) - pressingness(b.State) })
	return v
}

// pressingness orders states: what is wrong comes first.
func pressingness(state CheckState) int {
	return slices.Index([]CheckState{CheckWrong, CheckWarning, CheckOK}, state)
}

// version differs where what is shown does.
func (v checksView) version() int64 {
	sum := fnv.New64a()
	_, _ = fmt.Fprint(sum, v.Troubles, v.Checks, timeOf(v.AskedAt), timeOf(v.AskingSince)) // a hash takes all that is written
	return int64(sum.Sum64() & math.MaxInt64)                                              //nolint:gosec // the sign was cut off
}

func timeOf(t *time.Time) string {
	if t == nil {
		return ""
	}
	return machine(*t)
}

// askAgain has Stripe and the mail server be asked now, unless they just were.
func (s *site) askAgain(w http.ResponseWriter, r *http.Request) {
	s.Status(r.Context(), Asked)
	seeOther(w, statusPath)
}
