package web

import (
	"slices"
	"strconv"
	"time"

	"github.com/connectd/connectd/client"
)

// The states of a pass.
const (
	running = "running"
	braked  = "braked"
	stopped = "stopped"
)

func isOpen(pass client.Scan) bool { return pass.State == running || pass.State == braked }

// pace is what it takes to say how long a pass will last.
type pace struct {
	now  time.Time
	rate float64 // calls to Stripe a second
}

func (s *site) pace() pace { return pace{s.Now(), s.StripeRate} }

// passView is a pass in words.
type passView struct {
	client.Scan
	URL      string
	Shown    statusView
	By, How  string
	Took     string
	Progress *progressView // nil: it has ended
	Resumed  bool          // its brake was released, by whom Why says
}

func newPassView(p client.Scan, at pace) passView {
	v := passView{Scan: p, URL: scanPath(p.ID), Shown: statusView{p.State, stateWords(p.State)}, By: startedByWords(p.StartedBy), How: methodWords(p.Method)}
	end := at.now
	if p.FinishedAt != nil {
		end = *p.FinishedAt
	}
	v.Took = spanWords(end.Sub(p.StartedAt))
	v.Resumed = p.Why != nil && p.State != braked && p.State != stopped
	if isOpen(p) {
		v.Progress = newProgressView(v, at)
	}
	return v
}

// RateWords is calls to Stripe a second; "–" of a pass that stood still under its brake, nobody knows for how long.
func (v passView) RateWords() string {
	if v.State == braked || v.Resumed {
		return "–"
	}
	return strconv.FormatFloat(v.Rate, 'f', 1, 64)
}

// progressView is how far an open pass is.
type progressView struct {
	Done, Of int64
	Left     string // ""
	Again    bool   // what was held back is being retrieved again: how far that is, nobody counts
}

func newProgressView(p passView, at pace) *progressView {
	v := &progressView{Done: min(p.Checked+p.Failed, p.Due), Of: p.Due} // a check that failed may be made again
	left := p.Due - v.Done
	v.Again = p.Resumed && left == 0
	took := at.now.Sub(p.StartedAt)
	switch {
	case p.State != running || left == 0:
	case p.Resumed: // it stood still meanwhile
		v.Left = leftWords(seconds(float64(left) / at.rate))
	case v.Done > 0 && took > 0:
		v.Left = leftWords(seconds(took.Seconds() * float64(left) / float64(v.Done)))
	}
	return v
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// scansView is a page of passes.
type scansView struct {
	paging
	Open    *passView // nil: none is
	Passes  []passView
	LiveURL string
}

func (scansView) template() string { return "scans" }

func newScansView(passes []client.Scan, pages paging, at pace) scansView {
	v := scansView{paging: pages}
	for _, p := range passes {
		v.Passes = append(v.Passes, newPassView(p, at))
	}
	if v.FirstURL == "" && len(passes) > 0 && isOpen(passes[0]) {
		v.Open = &v.Passes[0]
	}
	return v
}

// versionOfPasses differs where what is shown of them does, but for the time that an open one takes: that counts on in steps.
func versionOfPasses(passes []client.Scan, now time.Time) int64 {
	passes = slices.Clone(passes)
	for i, p := range passes {
		passes[i].Rate = 0
		if isOpen(p) {
			passes[i].Rate = float64(now.Unix() / 10)
		}
	}
	return digest(passes)
}
