package overview

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/connectd/connectd/internal/db"
)

// kept is how many of the newest changes of a cause are remembered.
const kept = 5

// The kinds of causes.
const (
	unable = "unable"
	due    = "due"
)

// tally is what changes add up to, in the rows' JSON as the statements take it.
type tally struct {
	turns  map[string]*turns
	causes map[causeKey]*caused
	begun  map[string]*start // of sellers who have connected among these changes
	goneOn map[string]*start // of those who had before
	oldest time.Time         // who connected before is not followed
}

type turns struct {
	Day          string `json:"day"`
	BecameAble   int64  `json:"became_able"`
	BecameUnable int64  `json:"became_unable"`
}

type causeKey struct {
	Day  string `json:"day"`
	Kind string `json:"kind"`
	Cause
	Source string `json:"source"` // "" of what became due
}

type caused struct {
	causeKey
	Sellers int64   `json:"sellers"`
	Newest  []int64 `json:"newest"`
}

// start is how far a seller has come, and what keeps the seller from transacting.
type start struct {
	SellerID    string     `json:"seller_id"`
	ConnectedAt time.Time  `json:"connected_at"`
	DetailedAt  *time.Time `json:"detailed_at"`
	AbleAt      *time.Time `json:"able_at"`
	Cause
}

func newTally(now time.Time) *tally {
	return &tally{
		turns: map[string]*turns{}, causes: map[causeKey]*caused{}, begun: map[string]*start{}, goneOn: map[string]*start{},
		oldest: now.Add(-startsKept),
	}
}

// add counts a change; those of a tally come in order.
func (t *tally) add(c change) {
	on := c.at.Format(time.DateOnly)
	switch {
	case !c.wasAble() && c.after.CanTransact:
		t.turnsOf(on).BecameAble++
	case c.wasAble() && !c.after.CanTransact:
		t.turnsOf(on).BecameUnable++
		t.cause(causeKey{Day: on, Kind: unable, Cause: c.after.cause(), Source: string(c.source)}, c.position)
	}
	for _, requirement := range c.becameDue() {
		t.cause(causeKey{Day: on, Kind: due, Cause: Cause{Requirement: requirement}}, c.position)
	}
	t.follow(c)
}

func (t *tally) turnsOf(day string) *turns {
	if t.turns[day] == nil {
		t.turns[day] = &turns{Day: day}
	}
	return t.turns[day]
}

func (t *tally) cause(key causeKey, position int64) {
	of := t.causes[key]
	if of == nil {
		of = &caused{causeKey: key}
		t.causes[key] = of
	}
	of.Sellers++
	of.Newest = slices.Insert(of.Newest, 0, position)
	of.Newest = of.Newest[:min(kept, len(of.Newest))]
}

// follow goes with a seller up to when the seller can transact for the first time.
func (t *tally) follow(c change) {
	if c.connects() && !c.at.Before(t.oldest) {
		t.begun[c.sellerID] = &start{SellerID: c.sellerID, ConnectedAt: c.at}
	}
	if c.wasAble() {
		return // that was long ago
	}
	of := t.begun[c.sellerID]
	if of == nil {
		of = t.goneOn[c.sellerID]
	}
	if of == nil {
		of = &start{SellerID: c.sellerID}
		t.goneOn[c.sellerID] = of
	}
	of.goOn(c)
}

func (s *start) goOn(c change) {
	if s.AbleAt != nil {
		return
	}
	if s.DetailedAt == nil && c.after.detailed() {
		s.DetailedAt = &c.at
	}
	if c.after.CanTransact {
		s.AbleAt = &c.at
	}
	s.Cause = c.after.cause()
}

func (t *tally) store(ctx context.Context, q *db.Queries) error {
	if err := storeRows(ctx, q.AddTurns, t.turns); err != nil {
		return fmt.Errorf("add to the days' turns: %w", err)
	}
	if err := storeRows(ctx, q.AddCauses, t.causes); err != nil {
		return fmt.Errorf("add to the days' causes: %w", err)
	}
	if err := storeRows(ctx, q.BeginStarts, t.begun); err != nil {
		return fmt.Errorf("store who has connected: %w", err)
	}
	if err := storeRows(ctx, q.GoOnWithStarts, t.goneOn); err != nil {
		return fmt.Errorf("store how sellers go on: %w", err)
	}
	return nil
}

// storeRows hands a statement its rows; without any there is nothing to do.
func storeRows[K comparable, T any](ctx context.Context, statement func(context.Context, []byte) error, of map[K]*T) error {
	if len(of) == 0 {
		return nil
	}
	rows, err := json.Marshal(slices.Collect(maps.Values(of)))
	if err != nil {
		return err
	}
	return statement(ctx, rows)
}
