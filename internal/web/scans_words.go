package web

import (
	"math"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/scan"
)

func stateWords(state string) string {
	switch state {
	case running:
		return "Running"
	case braked:
		return "Braked"
	case stopped:
		return "Stopped"
	case "finished":
		return "Finished"
	}
	return state
}

// startedByWords says who started a pass.
func startedByWords(by string) string {
	switch {
	case by == "schedule":
		return "the schedule"
	case by == "admin":
		return "an admin"
	case by == "cli":
		return "the command line"
	case by == "connectd":
		return "connectd, to catch up"
	case strings.HasPrefix(by, "key_"):
		return "API key " + by
	}
	return by
}

func methodWords(method string) string {
	if method == string(scan.List) {
		return "by Stripe’s list"
	}
	return "one by one"
}

// spanWords is how long something took, in its two largest units.
func spanWords(d time.Duration) string {
	switch {
	case d < time.Second:
		return "under a second"
	case d < time.Minute:
		return count(int64(d/time.Second), "second")
	case d < time.Hour:
		return units(d, time.Minute, "minute", time.Second, "second")
	case d < 24*time.Hour:
		return units(d, time.Hour, "hour", time.Minute, "minute")
	}
	return units(d, 24*time.Hour, "day", time.Hour, "hour")
}

func units(d, large time.Duration, largeName string, small time.Duration, smallName string) string {
	words := count(int64(d/large), largeName)
	if rest := int64(d % large / small); rest > 0 {
		words += " " + count(rest, smallName)
	}
	return words
}

// count is a number of things, in words.
func count(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return number(n) + " " + thing + "s"
}

// leftWords is about how long something still takes.
func leftWords(d time.Duration) string { return aboutWords(d) + " left" }

// aboutWords is a time in one unit, as one would say it.
func aboutWords(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < 90*time.Minute:
		return "about " + count(int64(math.Round(d.Minutes())), "minute")
	case d < 36*time.Hour:
		return "about " + count(int64(math.Round(d.Hours())), "hour")
	}
	return "about " + count(int64(math.Round(d.Hours()/24)), "day")
}
