package registry

import (
	"maps"
	"slices"
	"time"

	"github.com/connectd/connectd/internal/account"
)

// scanCount is what a group's observations were to one pass.
type scanCount struct {
	ID           string `json:"id"`
	Checked      int64  `json:"checked"`
	Changed      int64  `json:"changed"`
	NewlyUnable  int64  `json:"newly_unable"`
	NewlyAble    int64  `json:"newly_able"`
	Disconnected int64  `json:"disconnected"`
	HeldBack     int64  `json:"held_back"`
	Brakes       bool   `json:"brakes"` // also where the pass has counted all that it holds back before
}

// finding is an account that a pass changed or held back.
type finding struct {
	ScanID     string `json:"scan_id"`
	Kind       string `json:"kind"`
	AccountID  string `json:"account_id"`
	SellerID   string `json:"seller_id"`
	FromStatus string `json:"from_status"`
	ToStatus   string `json:"to_status"`
}

func (g *group) scan(id string) *scanCount {
	if g.scans[id] == nil {
		g.scans[id] = &scanCount{ID: id}
	}
	return g.scans[id]
}

func (g *group) scanCounts() []*scanCount {
	counts := make([]*scanCount, 0, len(g.scans))
	for _, id := range slices.Sorted(maps.Keys(g.scans)) {
		counts = append(counts, g.scans[id])
	}
	return counts
}

func (g *group) countScanned(was, rec *record, o Observation) {
	if o.scanID == "" {
		return
	}
	count := g.scan(o.scanID)
	count.Checked++
	switch {
	case !rec.connected():
		count.Disconnected++
	case was.CanTransact && !rec.CanTransact:
		count.NewlyUnable++
	case !was.CanTransact && rec.CanTransact:
		count.NewlyAble++
	}
}

func (g *group) countChanged(scanID string, rec *record) {
	if scanID == "" {
		return
	}
	g.scan(scanID).Changed++
	g.find(scanID, "changed", rec, rec.Status)
}

func (g *group) find(scanID, kind string, rec *record, to string) {
	g.findings = append(g.findings, finding{
		ScanID: scanID, Kind: kind, AccountID: rec.ID, SellerID: rec.SellerID, FromStatus: rec.wasStatus, ToStatus: to,
	})
}

// ladder is how soon an account is looked at again that is not in order: its state may change any hour, and not every
// change is told by an event.
var ladder = []time.Duration{time.Hour, 6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}

// schedule sets when the account is checked next, after a check. A check that came before its time, since somebody wished it,
// stays on its rung.
func (g *group) schedule(rec *record, last *time.Time) {
	if rung := rec.Ladder; rung > 0 && last != nil && g.now.Sub(*last) < ladder[rung-1] {
		rec.Ladder--
	}
	next := g.nextCheck(g.now)
	if rung, climbs := g.climb(rec); climbs && rung.Before(next) {
		next = rung
	}
	rec.NextCheckAt = &next
}

// hasten pulls the next check forward to the ladder's foot, where something else than a check has brought an account out of
// order.
func (g *group) hasten(rec *record) {
	rung, climbs := g.climb(rec)
	if climbs && (rec.NextCheckAt == nil || rung.Before(*rec.NextCheckAt)) {
		rec.NextCheckAt = &rung
	}
}

// climb takes the ladder's next rung, where the account is not in order.
func (g *group) climb(rec *record) (at time.Time, climbs bool) {
	if !rec.outOfOrder() {
		return at, false
	}
	at = g.now.Add(ladder[min(int(rec.Ladder), len(ladder)-1)])
	rec.Ladder = min(rec.Ladder+1, int16(len(ladder)))
	return at, true
}

// outOfOrder: its details are not done, or it is restricted, or in review.
func (rec *record) outOfOrder() bool {
	switch account.Status(rec.Status) {
	case account.Incomplete, account.Restricted, account.InReview:
		return true
	}
	done := rec.facts.DetailsSubmitted
	return rec.connected() && done != nil && !*done
}
