package web

import (
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/overview"
)

// ableChart is how many sellers could transact at the end of each day.
func ableChart(days []overview.Day) []chart {
	dates, numbers := make([]time.Time, len(days)), make([]int64, len(days))
	low, high := days[0].Able, days[0].Able
	for i, d := range days {
		dates[i], numbers[i] = d.Day, d.Able
		low, high = min(low, d.Able), max(high, d.Able)
	}
	base := low
	if base < high/2 {
		base = 0 // near enough to be shown
	}
	first, last := days[0], days[len(days)-1]
	return drawn(broad, func(c *chart) {
		c.ID, c.Title = "able", "Sellers who can transact"
		c.About = fmt.Sprintf("A line from %s on %s to %s on %s, between %s and %s.",
			number(first.Able), day(first.Day), number(last.Able), day(last.Day), number(low), number(high))
		top, bottom := c.room()
		s := scaleOf(base, high, top, bottom)
		c.ladder(s)
		c.dates(dates)
		c.through(s, numbers)
	})
}

const mostBars = 100 // of more days, a bar is a week

// turnsChart is how many sellers became able, upwards, and unable, downwards.
func turnsChart(days []overview.Day) []chart {
	each := "day"
	if len(days) > mostBars {
		days, each = weeks(days), "week"
	}
	dates := make([]time.Time, len(days))
	var most, least, able, unable int64
	for i, d := range days {
		dates[i] = d.Day
		most, least = max(most, d.BecameAble), min(least, -d.BecameUnable)
		able, unable = able+d.BecameAble, unable+d.BecameUnable
	}
	return drawn(broad, func(c *chart) {
		c.ID, c.Title = "turns", "Sellers who became able, and unable"
		c.About = fmt.Sprintf("A bar up and a bar down for each %s. Became able: %s in all; became unable: %s.", each, number(able), number(unable))
		top, bottom := c.room()
		s := scaleOf(least, most, top, bottom-above)
		c.ladder(s)
		c.dates(dates)
		c.Notes = []mark{
			{X: float64(c.Left), Y: above - 6, Words: "↑ became able", Anchor: "start"},
			{X: float64(c.Left), Y: bottom - 4, Words: "↓ became unable", Anchor: "start"},
		}
		for i, d := range days {
			c.stand(s, i, len(days), d.BecameAble, "good", day(d.Day)+": "+number(d.BecameAble)+" became able")
			c.stand(s, i, len(days), -d.BecameUnable, "bad", day(d.Day)+": "+number(d.BecameUnable)+" became unable")
		}
	})
}

// weeks adds days up to weeks that end on the last one; each is called by its first day.
func weeks(days []overview.Day) []overview.Day {
	var all []overview.Day
	for len(days) > 0 {
		cut := len(days) % 7
		if cut == 0 {
			cut = 7
		}
		week := overview.Day{Day: days[0].Day, Able: days[cut-1].Able}
		for _, d := range days[:cut] {
			week.BecameAble, week.BecameUnable = week.BecameAble+d.BecameAble, week.BecameUnable+d.BecameUnable
		}
		all, days = append(all, week), days[cut:]
	}
	return all
}

// riskChart is how many sellers turn to a no on each of the next days.
func riskChart(days []riskDay) []chart {
	dates := make([]time.Time, len(days))
	var most, all int64
	for i, d := range days {
		dates[i] = d.Day
		most, all = max(most, d.Accounts), all+d.Accounts
	}
	return drawn(broad, func(c *chart) {
		c.ID, c.Title = "risk", "Sellers who turn to a no, by day"
		c.About = fmt.Sprintf("A bar for each day from %s to %s: %s in all, at most %s on one day.",
			day(days[0].Day), day(days[len(days)-1].Day), number(all), number(most))
		top, bottom := c.room()
		s := scaleOf(0, most, top, bottom)
		c.ladder(s)
		c.dates(dates)
		for i, d := range days {
			c.stand(s, i, len(days), d.Accounts, "warn", day(d.Day)+": "+number(d.Accounts))
		}
	})
}
