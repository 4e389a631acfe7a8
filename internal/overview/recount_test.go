package overview_test

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/overview"
)

// way is a seller's, from the first link to transacting; zero is what has not been.
type way struct {
	seller                                    string
	linked, opened, connected, detailed, able time.Time
	byThemselves                              bool // connected, and was not imported or given the account
	stands                                    overview.Cause
}

const quarter = 90 * 24 * time.Hour

func (y *year) ways(all []told) map[string]*way {
	y.t.Helper()
	ways := map[string]*way{}
	of := func(seller string) *way {
		if ways[seller] == nil {
			ways[seller] = &way{seller: seller}
		}
		return ways[seller]
	}
	rows, _ := y.pool.Query(y.t.Context(), `select seller_id, created_at, first_used_at from onboarding_links`)
	var seller string
	var made time.Time
	var used *time.Time
	_, err := pgx.ForEachRow(rows, []any{&seller, &made, &used}, func() error {
		w := of(seller)
		w.linked = made.UTC()
		if used != nil {
			w.opened = used.UTC()
		}
		return nil
	})
	if err != nil {
		y.t.Fatal(err)
	}
	for _, c := range all {
		w := of(c.SellerID)
		if c.First {
			w.connected, w.byThemselves = c.At, c.Source == "oauth"
		}
		if w.able.IsZero() {
			w.goOn(c)
		}
	}
	return ways
}

func (w *way) goOn(c told) {
	known := true
	for _, code := range []string{"not_connected", "disconnected", "not_checked", "details_missing"} {
		known = known && !hasReason(c.After, code)
	}
	if known && w.detailed.IsZero() {
		w.detailed = c.At
	}
	if c.After.CanTransact {
		w.able, w.stands = c.At, overview.Cause{}
		return
	}
	w.stands = causeIn(c.After)
}

func (y *year) recountStarts(all []told) (s overview.Starts) {
	var connect, transact, whole []time.Duration
	var standing []*way
	for _, w := range y.ways(all) {
		y.countWay(&s, w)
		if y.stands(w) {
			standing = append(standing, w)
		}
		if !w.byThemselves {
			continue
		}
		fromLink := !w.linked.IsZero() && !w.linked.After(w.connected)
		if y.now.Sub(w.connected) <= quarter && fromLink {
			connect = append(connect, w.connected.Sub(w.linked))
		}
		if !w.able.IsZero() && y.now.Sub(w.able) <= quarter {
			transact = append(transact, w.able.Sub(w.connected))
			if fromLink {
				whole = append(whole, w.able.Sub(w.linked))
			}
		}
	}
	s.ToConnect, s.ToTransact, s.InAll = tookBy(connect), tookBy(transact), tookBy(whole)
	s.Stopped = stopsOf(standing)
	return s
}

// countWay counts those whose first link is of the last quarter, unless they had an account before it.
func (y *year) countWay(s *overview.Starts, w *way) {
	if w.linked.IsZero() || y.now.Sub(w.linked) > quarter || !w.connected.IsZero() && (!w.byThemselves || w.connected.Before(w.linked)) {
		return
	}
	s.Linked++
	for _, step := range []struct {
		n    *int64
		come bool
	}{
		{&s.Opened, !w.opened.IsZero() || !w.connected.IsZero()},
		{&s.Connected, !w.connected.IsZero()},
		{&s.Detailed, !w.detailed.IsZero()},
		{&s.Able, !w.able.IsZero()},
	} {
		if step.come {
			*step.n++
		}
	}
}

// stands reports whether the seller began in the last quarter, has not come to the end, and not on for a week.
func (y *year) stands(w *way) bool {
	switch {
	case !w.able.IsZero():
		return false
	case w.connected.IsZero():
		return y.now.Sub(w.linked) <= quarter && y.now.Sub(w.last()) > 7*24*time.Hour
	}
	return w.byThemselves && y.now.Sub(w.connected) <= quarter && y.now.Sub(w.last()) > 7*24*time.Hour
}

func (w *way) last() time.Time {
	for _, at := range []time.Time{w.detailed, w.connected, w.opened} {
		if !at.IsZero() {
			return at
		}
	}
	return w.linked
}

func (w *way) step() overview.Step {
	switch {
	case !w.detailed.IsZero():
		return overview.Detailed
	case !w.connected.IsZero():
		return overview.Connected
	case !w.opened.IsZero():
		return overview.Opened
	}
	return overview.Linked
}

func stopsOf(standing []*way) (stops []overview.Stop) {
	slices.SortFunc(standing, func(a, b *way) int { return cmp.Or(b.last().Compare(a.last()), cmp.Compare(a.seller, b.seller)) })
	for _, w := range standing {
		i := slices.IndexFunc(stops, func(s overview.Stop) bool { return s.Step == w.step() && s.Cause == w.stands })
		if i < 0 {
			i, stops = len(stops), append(stops, overview.Stop{Step: w.step(), Cause: w.stands})
		}
		stops[i].Sellers++
		if len(stops[i].Newest) < 5 {
			stops[i].Newest = append(stops[i].Newest, w.seller)
		}
	}
	slices.SortFunc(stops, func(a, b overview.Stop) int {
		return cmp.Or(cmp.Compare(b.Sellers, a.Sellers), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.DisabledReason, b.DisabledReason), cmp.Compare(a.Requirement, b.Requirement))
	})
	return stops
}

// tookBy is the median and the 90th percentile, between the two nearest where none is just there.
func tookBy(took []time.Duration) overview.Took {
	if len(took) == 0 {
		return overview.Took{}
	}
	slices.Sort(took)
	at := func(share float64) time.Duration {
		place := share * float64(len(took)-1)
		below := int(math.Floor(place))
		above := min(below+1, len(took)-1)
		return took[below] + time.Duration((place-float64(below))*float64(took[above]-took[below]))
	}
	return overview.Took{Sellers: int64(len(took)), Median: at(0.5), Ninety: at(0.9)}
}
