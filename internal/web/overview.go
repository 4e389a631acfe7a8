package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/overview"
	"github.com/connectd/connectd/internal/registry"
)

const overviewPath = "/admin"

func (s *site) routeOverview(router *mux.Router) {
	s.get(router, overviewPath, s.admin(s.showOverview))
	s.get(router, "/admin/", s.admin(s.toOverview))
	s.get(router, "/admin/login", s.admin(s.toOverview))
}

func (s *site) toOverview(w http.ResponseWriter, _ *http.Request) { seeOther(w, overviewPath) }

// showOverview is how all sellers stand. A page that shows it asks again and again whether more is counted since.
func (s *site) showOverview(w http.ResponseWriter, r *http.Request) {
	shown, err := readSpan(r.URL.Query())
	if err != nil {
		s.overviewProblem(w, r, err)
		return
	}
	now := s.Now().UTC()
	counted, err := s.Overview.Counted(r.Context()) // before the rest is read: what is counted in between is told again
	if err != nil {
		s.overviewProblem(w, r, err)
		return
	}
	concerns, err := s.concerns(r.Context())
	if err != nil {
		s.overviewProblem(w, r, err)
		return
	}
	liveURL, changed := follow(w, r, overviewAt(shown), overviewVersion(counted, concerns, now))
	if !changed {
		return
	}
	figures, err := s.readFigures(r.Context(), counted, shown, now)
	if err != nil {
		s.overviewProblem(w, r, err)
		return
	}
	v := newOverviewView(figures, shown, now)
	v.Concerns = concerns
	v.BaseURL, v.LiveURL = s.BaseURL, liveURL
	s.render(w, r, http.StatusOK, v)
}

// overviewVersion is another once there is something else to show.
func overviewVersion(c overview.Counted, concerns []concern, now time.Time) int64 {
	return digest(struct {
		Position int64
		StartsAt *time.Time
		Day      time.Time
		Concerns []concern
	}{c.Position, c.StartsAt, startOf(now), concerns})
}

// spans are how many days back the page can show.
var spans = []int{30, 90, 365}

func readSpan(asked url.Values) (days int, err error) {
	text := asked.Get("days")
	if text == "" {
		return spans[0], nil
	}
	days, err = strconv.Atoi(text)
	if err != nil || !slices.Contains(spans, days) {
		return 0, account.InvalidField("days", "The page shows 30, 90 or 365 days, not %q.", text)
	}
	return days, nil
}

// overviewAt is the page in its view of so many days.
func overviewAt(days int) address {
	if days == spans[0] {
		return pageAt(overviewPath)
	}
	return pageAt(overviewPath).with("days", strconv.Itoa(days))
}

func (s *site) overviewProblem(w http.ResponseWriter, r *http.Request, err error) {
	s.problem(w, r, err, problemView{
		Title: "Not understood", Ways: []way{linkTo("Show the overview", overviewPath)},
	})
}

// figures are what the page is made of.
type figures struct {
	Counted    overview.Counted
	Days       []overview.Day
	Risks      []registry.DayRisk
	Nearest    registry.AccountPage // of those at risk
	Broken     overview.Causes
	BecameDue  overview.Causes
	AccountsOf map[string]string // of sellers who stopped on their way
}

const (
	riskDays     = 30 // ahead
	nearestRisks = 10
	dueDays      = 7 // back, today among them
)

func (s *site) readFigures(ctx context.Context, counted overview.Counted, span int, now time.Time) (f figures, err error) {
	f.Counted = counted
	if f.Days, err = s.Overview.Days(ctx, now.AddDate(0, 0, 1-span), now); err != nil {
		return f, err
	}
	able, before := true, startOf(now).AddDate(0, 0, riskDays+1)
	if f.Risks, err = s.Registry.AtRiskByDay(ctx, now, before); err != nil {
		return f, err
	}
	nearest := registry.AccountQuery{CanTransact: &able, AtRiskBefore: &before, Sort: "at_risk_at", Limit: nearestRisks}
	f.Nearest, err = s.Registry.Accounts(ctx, nearest)
	if err != nil {
		return f, err
	}
	if f.Broken, err = s.Overview.Broken(ctx, now.AddDate(0, 0, -1), now); err != nil {
		return f, err
	}
	if f.BecameDue, err = s.Overview.BecameDue(ctx, now.AddDate(0, 0, 1-dueDays), now); err != nil {
		return f, err
	}
	var stopped []string
	for _, stop := range counted.Starts.Stopped {
		stopped = append(stopped, stop.Newest...)
	}
	f.AccountsOf, err = s.Overview.AccountsOf(ctx, stopped)
	return f, err
}

// startOf is when the day (UTC) began.
func startOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
