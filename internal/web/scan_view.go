package web

import (
	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/scan"
)

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

// The parameters that say where the lists of a pass's page begin: behind which account.
const (
	heldParam    = "held_after"
	changedParam = "changed_after"
)

// findings are what the lists show.
var findings = map[string]scan.Finding{heldParam: scan.HeldBack, changedParam: scan.Changed}

func newScanView(p client.Scan, view address, at pace) scanView {
	return scanView{
		passView: newPassView(p, at), LiveURL: liveURL(view, versionOfPasses([]client.Scan{p}, at.now)),
		Held: findingsView{Param: heldParam, Count: p.HeldBack}, Changed: findingsView{Param: changedParam, Count: p.Changed},
	}
}

// findingsView is a page of the accounts that a pass changed or held back.
type findingsView struct {
	paging
	Param string // of the address, that says where the page begins
	Count int64  // of all; the list has the first thousand
	Rows  []findingView
}

// findingView is an account that a pass changed, or would have.
type findingView struct {
	SellerID, ID, URL string
	From, To          statusView
	Held              bool // it is held back still
}

func (v *findingsView) show(found []scan.Found, view address) {
	next := ""
	if len(found) > findingsShown {
		found = found[:findingsShown]
		next = found[findingsShown-1].AccountID
	}
	v.paging = view.pagesBy(v.Param, next)
	for _, f := range found {
		v.Rows = append(v.Rows, findingView{
			SellerID: f.SellerID, ID: f.AccountID, URL: accountPath(f.AccountID),
			From: newStatusView(f.From), To: newStatusView(f.To), Held: f.Held,
		})
	}
}
