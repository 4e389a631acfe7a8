package web

import (
	"strconv"
	"time"

	"github.com/connectd/connectd/internal/overview"
	"github.com/connectd/connectd/internal/registry"
)

// overviewView is how all sellers stand.
type overviewView struct {
	Empty    bool   // no seller has come yet
	BaseURL  string // where connectd is reached
	LiveURL  string // asks for this page if there is something else to show
	Behind   int64  // how many per cent of the history are counted, where it is not all of it; 0
	Concerns []concern
	Able     int64
	WeekAgo  string // how many more or fewer that are than a week ago
	Spans    []link
	Days     []dayView // the newest first
	AbleOver []chart
	Turns    []chart
	Risk     riskView
	Due      causesView
	Broken   causesView
	Starts   startsView
}

func (overviewView) template() string { return "overview" }

// link leads somewhere.
type link struct {
	Words, URL string
	Current    bool
}

// dayView is a day, or the days from one to another, in the table.
type dayView struct {
	Day                            time.Time
	Able, BecameAble, BecameUnable int64
}

func newOverviewView(f figures, span int, now time.Time) overviewView {
	v := overviewView{
		Empty: f.Counted.Latest == 0 && f.Counted.Starts.Linked == 0, Able: f.Days[len(f.Days)-1].Able, WeekAgo: sinceWeek(f.Days),
		Risk: newRiskView(f.Risks, f.Nearest, now), Broken: newCausesView(f.Broken), Due: newCausesView(f.BecameDue),
		Starts: newStartsView(f.Counted, f.AccountsOf),
	}
	if f.Counted.Behind {
		v.Behind = max(1, 100*f.Counted.Position/f.Counted.Latest)
	}
	for _, days := range spans {
		v.Spans = append(v.Spans, link{Words: spanOfDays(days), URL: overviewAt(days).String(), Current: days == span})
	}
	for i := len(f.Days) - 1; i >= 0; i-- {
		v.Days = append(v.Days, dayView(f.Days[i]))
	}
	v.AbleOver, v.Turns = ableChart(f.Days), turnsChart(f.Days)
	return v
}

func spanOfDays(days int) string {
	if days == 365 {
		return "A year"
	}
	return strconv.Itoa(days) + " days"
}

func sinceWeek(days []overview.Day) string {
	if len(days) < 8 {
		return ""
	}
	switch now, then := days[len(days)-1].Able, days[len(days)-8].Able; {
	case now > then:
		return number(now-then) + " more than a week ago"
	case now < then:
		return number(then-now) + " fewer than a week ago"
	}
	return "as many as a week ago"
}

// riskView is who turns to a no if nobody acts.
type riskView struct {
	Within  []link
	ByDay   []chart
	Days    []riskDay
	Nearest []riskRow
	MoreURL string // where there are more than the nearest; ""
}

type riskDay struct {
	Day      time.Time
	Accounts int64
}

// riskRow is one of the nearest.
type riskRow struct {
	accountRow
	Over bool // it may happen any moment
}

func newRiskView(risks []registry.DayRisk, nearest registry.AccountPage, now time.Time) riskView {
	days := make([]riskDay, riskDays+1)
	for i := range days {
		days[i].Day = startOf(now).AddDate(0, 0, i)
	}
	for _, r := range risks {
		if i := int(r.Day.Sub(days[0].Day) / (24 * time.Hour)); i >= 0 && i < len(days) {
			days[i].Accounts += r.Accounts
		}
	}
	v := riskView{Days: days, ByDay: riskChart(days)}
	all := int64(0)
	for i, d := range days {
		all += d.Accounts
		if i == 7 || i == 14 || i == riskDays {
			v.Within = append(v.Within, link{Words: atMost(all), URL: riskURL(days[i].Day.AddDate(0, 0, 1))})
		}
	}
	for _, a := range nearest.Accounts {
		v.Nearest = append(v.Nearest, riskRow{newAccountRow(a), a.AtRiskAt.Before(now)})
	}
	if nearest.NextCursor != "" {
		v.MoreURL = riskURL(days[riskDays].Day.AddDate(0, 0, 1))
	}
	return v
}

// atMost says where more are at risk than are counted.
func atMost(n int64) string {
	if n >= registry.MostAtRisk {
		return number(n) + " or more"
	}
	return number(n)
}

// riskURL is the account table of those at risk before a moment, the nearest first.
func riskURL(before time.Time) string {
	return pageAt(accountsPath).with("at_risk_before", machine(before)).with("sort", "at_risk_at").
		with("columns", "seller_id,id,display_name,status,requirements,at_risk_at").String()
}
