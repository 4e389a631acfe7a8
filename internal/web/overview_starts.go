package web

import (
	"fmt"
	"strconv"
	"time"

	"github.com/connectd/connectd/internal/overview"
)

// startsView is how sellers come from their link to transacting.
type startsView struct {
	At      *time.Time // when that was looked at; nil: not yet
	Steps   []stepView
	Funnel  []chart
	Times   []tookView
	Stopped []stopView
}

// stepView is how many have come so far.
type stepView struct {
	Words   string
	Sellers int64
	Share   string // of all who have a link
}

// tookView is how long a part of the way takes.
type tookView struct {
	Words          string
	Sellers        int64
	Median, Ninety string
}

// stopView is a place where sellers stand.
type stopView struct {
	Step    string
	Cause   *causeView // what keeps them from the end, where they are connected
	Sellers int64
	Newest  []exampleView
	Others  int64
}

func newStartsView(c overview.Counted, accountsOf map[string]string) startsView {
	s := c.Starts
	v := startsView{At: c.StartsAt, Steps: []stepView{
		{Words: "Link made", Sellers: s.Linked},
		{Words: "Link opened", Sellers: s.Opened},
		{Words: "Account connected", Sellers: s.Connected},
		{Words: "Details given to Stripe", Sellers: s.Detailed},
		{Words: "Could transact", Sellers: s.Able},
	}}
	for i := range v.Steps {
		v.Steps[i].Share = shareOf(v.Steps[i].Sellers, s.Linked)
	}
	v.Funnel = funnelChart(v.Steps)
	for _, part := range []struct {
		words string
		took  overview.Took
	}{
		{"From the link to the connection", s.ToConnect},
		{"From the connection to transacting", s.ToTransact},
		{"From the link to transacting", s.InAll},
	} {
		t := tookView{Words: part.words, Sellers: part.took.Sellers}
		if t.Sellers > 0 {
			t.Median, t.Ninety = spanOf(part.took.Median), spanOf(part.took.Ninety)
		}
		v.Times = append(v.Times, t)
	}
	for _, stop := range s.Stopped {
		v.Stopped = append(v.Stopped, newStopView(stop, accountsOf))
	}
	return v
}

func newStopView(stop overview.Stop, accountsOf map[string]string) stopView {
	v := stopView{Step: stepWords(stop.Step), Sellers: stop.Sellers, Others: stop.Sellers - int64(len(stop.Newest))}
	if stop.Code != "" {
		cause := newCauseView(stop.Cause)
		v.Cause = &cause
	}
	for _, seller := range stop.Newest {
		e := exampleView{SellerID: seller}
		if id := accountsOf[seller]; id != "" {
			e.URL = accountPath(id)
		}
		v.Newest = append(v.Newest, e)
	}
	return v
}

func stepWords(step overview.Step) string {
	switch step {
	case overview.Linked:
		return "The link was not opened"
	case overview.Opened:
		return "The link was opened, and no account connected"
	case overview.Connected:
		return "Connected, without details"
	case overview.Detailed:
		return "Connected, with details"
	}
	return string(step)
}

// funnelChart has a bar for each step, its words and numbers over it.
func funnelChart(steps []stepView) []chart {
	return drawn(half, func(c *chart) {
		const each = 40
		c.ID, c.Title, c.Height = "starts", "How far sellers have come", each*len(steps)+4
		c.Left, c.Right = 1, c.Width-1
		for i, step := range steps {
			y := float64(each * i)
			words := step.Words + ": " + number(step.Sellers)
			if step.Share != "" {
				words += ", " + step.Share
			}
			c.Notes = append(c.Notes, mark{X: 1, Y: y + 14, Words: words, Anchor: "start"})
			c.About += words + ". "
			if steps[0].Sellers > 0 {
				width := tenth(float64(c.Right-c.Left) * float64(step.Sellers) / float64(steps[0].Sellers))
				c.Bars = append(c.Bars, bar{X: 1, Y: y + 20, Width: width, Height: 14, Kind: "plain", Words: words})
			}
		}
	})
}

// shareOf is a part in per cent; nothing where there is no whole.
func shareOf(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	return strconv.FormatInt((100*part+whole/2)/whole, 10) + " %"
}

// spanOf is a length of time as people say it.
func spanOf(d time.Duration) string {
	const day = 24 * time.Hour
	for _, unit := range []struct {
		from, of time.Duration
		words    string
	}{{2 * day, day, "days"}, {2 * time.Hour, time.Hour, "hours"}, {2 * time.Minute, time.Minute, "minutes"}} {
		if d >= unit.from {
			return fmt.Sprintf("%d %s", int64(d.Round(unit.of)/unit.of), unit.words)
		}
	}
	return fmt.Sprintf("%d seconds", int64(d.Round(time.Second)/time.Second))
}
