package web

import (
	"encoding/json"
	"hash/fnv"
	"net/url"
	"strconv"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/scan"
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
		v.Progress = newProgressView(p, at, v.Resumed)
	}
	return v
}

// RateWords is calls to Stripe a second.
func (v passView) RateWords() string { return strconv.FormatFloat(v.Rate, 'f', 1, 64) }

// progressView is how far an open pass is.
type progressView struct {
	Done, Of int64
	Left     string // ""
	Again    bool   // what was held back is being retrieved again: how far that is, nobody counts
}

func newProgressView(p client.Scan, at pace, resumed bool) *progressView {
	v := &progressView{Done: min(p.Checked+p.Failed, p.Due), Of: p.Due} // a check that failed may be made again
	left := p.Due - v.Done
	v.Again = resumed && left == 0
	took := at.now.Sub(p.StartedAt)
	switch {
	case p.State != running || left == 0:
	case resumed: // it stood still meanwhile
		v.Left = leftWords(seconds(float64(left) / at.rate))
	case v.Done > 0 && took > 0:
		v.Left = leftWords(seconds(took.Seconds() * float64(left) / float64(v.Done)))
	}
	return v
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// scansView is a page of passes.
type scansView struct {
	Open     *passView // nil: none is
	Passes   []passView
	LiveURL  string
	FirstURL string // "": this is the first page
	NextURL  string // "": this is the last
}

func (scansView) template() string { return "scans" }

// pageOfScans is where a page begins, where the next one does, and the version of what it shows.
type pageOfScans struct {
	cursor, next string
	version      int64
}

func newScansView(passes []client.Scan, page pageOfScans, at pace) scansView {
	v := scansView{LiveURL: withQuery(scansPath, "cursor", page.cursor, "shown", strconv.FormatInt(page.version, 10))}
	for _, p := range passes {
		v.Passes = append(v.Passes, newPassView(p, at))
	}
	if page.cursor != "" {
		v.FirstURL = scansPath
	} else if len(passes) > 0 && isOpen(passes[0]) {
		v.Open = &v.Passes[0]
	}
	if page.next != "" {
		v.NextURL = withQuery(scansPath, "cursor", page.next)
	}
	return v
}

// versionOfPasses differs where what is shown of them does, but for the time that an open one takes: that counts on in steps.
func versionOfPasses(passes []client.Scan, now time.Time) int64 {
	h := fnv.New64a()
	for _, p := range passes {
		p.Rate = 0
		if isOpen(p) {
			p.Rate = float64(now.Unix() / 10)
		}
		_ = json.NewEncoder(h).Encode(p) // into a hash, which takes everything
	}
	return int64(h.Sum64() >> 1) //nolint:gosec // without its highest bit
}

// withQuery is a path with the parameters that are not empty.
func withQuery(path string, pairs ...string) string {
	query := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// scanView is a pass's page.
type scanView struct {
	passView
	LiveURL string
	Notice  string // how what was asked for went; ""
	Release releaseView
	Held    findingsView
	Changed findingsView
}

func (scanView) template() string { return "scan" }

// releaseView is the release of a pass's brake, which takes so many accounts' yes.
type releaseView struct {
	Asked    bool
	Problem  string // why it was not released; ""
	Accounts int64
	Fates    []fate // of the first thousand
}

// fate is how many accounts would have a status.
type fate struct {
	Accounts int
	Shown    statusView
}

func fatesOf(found []scan.Found) []fate {
	var fates []fate
	place := map[string]int{}
	for _, f := range found {
		if !f.Held {
			continue
		}
		i, known := place[f.To]
		if !known {
			i, place[f.To] = len(fates), len(fates)
			fates = append(fates, fate{Shown: newStatusView(f.To)})
		}
		fates[i].Accounts++
	}
	return fates
}

func newScanView(p client.Scan, asked url.Values, at pace) scanView {
	v := scanView{
		passView: newPassView(p, at),
		Held:     findingsView{scanID: p.ID, Param: "held_after", After: asked.Get("held_after"), Count: p.HeldBack},
		Changed:  findingsView{scanID: p.ID, Param: "changed_after", After: asked.Get("changed_after"), Count: p.Changed},
	}
	v.LiveURL = withQuery(v.URL, "held_after", v.Held.After, "changed_after", v.Changed.After,
		"shown", strconv.FormatInt(versionOfPasses([]client.Scan{p}, at.now), 10))
	v.Held.other, v.Changed.other = [2]string{v.Changed.Param, v.Changed.After}, [2]string{v.Held.Param, v.Held.After}
	return v
}

// findingsView is a page of the accounts that a pass changed or held back.
type findingsView struct {
	Count    int64 // of all; the list has the first thousand
	Rows     []findingView
	Param    string // of the address, that says where the page begins
	After    string // the account after which it does; ""
	FirstURL string // "": this is the first page
	NextURL  string // "": this is the last

	scanID string
	other  [2]string // the other list's parameter, which stays as it is
}

// findingView is an account that a pass changed, or would have.
type findingView struct {
	SellerID, ID, URL string
	From, To          statusView
	Held              bool // it is held back still
}

func (v *findingsView) show(found []scan.Found) {
	if v.After != "" {
		v.FirstURL = withQuery(scanPath(v.scanID), v.other[0], v.other[1])
	}
	if len(found) > findingsShown {
		found = found[:findingsShown]
		v.NextURL = withQuery(scanPath(v.scanID), v.other[0], v.other[1], v.Param, found[findingsShown-1].AccountID)
	}
	for _, f := range found {
		v.Rows = append(v.Rows, findingView{
			SellerID: f.SellerID, ID: f.AccountID, URL: accountPath(f.AccountID),
			From: newStatusView(f.From), To: newStatusView(f.To), Held: f.Held,
		})
	}
}
