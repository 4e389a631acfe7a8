package web

import (
	"net/http"
	"regexp"
	"slices"
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
	Page  *Page  // where that is done; nil: not on the desk
}

// Page is one of the desk's.
type Page struct{ Words, URL string }

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
	s.get(router, statusPath, s.admin(s.showStatus))
	s.post(router, askAgainPath, s.bounded(s.admin(s.askAgain)))
}

func (s *site) showStatus(w http.ResponseWriter, r *http.Request) {
	by := Opened
	if fromScript(r) {
		by = LeftOpen
	}
	v := newChecksView(s.Status(r.Context(), by))
	var changed bool
	if v.LiveURL, changed = follow(w, r, pageAt(statusPath), digest(v)); !changed {
		return
	}
	s.render(w, r, http.StatusOK, v)
}

// piece is a part of a sentence: a time as programs write it, or nil, and the words that follow.
type piece struct {
	At    *time.Time
	Words string
}

var machineTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

// pieces part a sentence at its times, which doctor writes as programs do, and the page as people do.
func pieces(sentence string) []piece {
	var parts []piece
	var at *time.Time
	begin := 0
	for _, span := range machineTime.FindAllStringIndex(sentence, -1) {
		t, err := time.Parse(time.RFC3339, sentence[span[0]:span[1]])
		if err != nil {
			continue // figures that are no time
		}
		parts = append(parts, piece{at, sentence[begin:span[0]]})
		at, begin = &t, span[1]
	}
	return append(parts, piece{at, sentence[begin:]})
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

// askAgain has Stripe and the mail server be asked now, unless they just were.
func (s *site) askAgain(w http.ResponseWriter, r *http.Request) {
	s.Status(r.Context(), Asked)
	seeOther(w, statusPath)
}
