package overview

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

// MostBehind is how many changes may be uncounted without a word: they are counted within seconds.
const MostBehind = 10_000

// Counted says how far the figures go.
type Counted struct {
	Position int64 // the last change that is counted
	Latest   int64 // the last that there is
	// Behind says that MostBehind changes or more are not counted. Positions do not tell: checks that change nothing have some too.
	Behind   bool
	Starts   Starts
	StartsAt *time.Time // when Starts were looked at; nil: not yet
}

// Counted reads how far the figures go, with the starts.
func (s *Service) Counted(ctx context.Context) (Counted, error) {
	row, err := s.q.ReadOverview(ctx, MostBehind)
	if err != nil {
		return Counted{}, fmt.Errorf("read how far changes are counted: %w", err)
	}
	c := Counted{Position: row.Position, Latest: row.Latest, Behind: row.Uncounted == MostBehind, StartsAt: row.StartsAt}
	if row.Starts == nil {
		return c, nil
	}
	if err := json.Unmarshal(row.Starts, &c.Starts); err != nil {
		return Counted{}, fmt.Errorf("the starts as stored: %w", err)
	}
	return c, nil
}

// Day is one day (UTC): how many sellers became able to transact on it, how many unable, and how many were able at its end.
type Day struct {
	Day                      time.Time
	Able                     int64
	BecameAble, BecameUnable int64
}

// Days are the days from one to another, both included.
func (s *Service) Days(ctx context.Context, from, to time.Time) ([]Day, error) {
	from, to = dayOf(from), dayOf(to)
	able, err := s.q.AbleBefore(ctx, from)
	if err != nil {
		return nil, fmt.Errorf("add up the days' turns: %w", err)
	}
	rows, err := s.q.TurnsSince(ctx, from)
	if err != nil {
		return nil, fmt.Errorf("read the days' turns: %w", err)
	}
	var days []Day
	for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
		d := Day{Day: day}
		if len(rows) > 0 && rows[0].Day.Equal(day) {
			d.BecameAble, d.BecameUnable = rows[0].BecameAble, rows[0].BecameUnable
			rows = rows[1:]
		}
		able += d.BecameAble - d.BecameUnable
		d.Able = able
		days = append(days, d)
	}
	return days, nil
}

// Causes are those of some days, of most sellers first.
type Causes struct {
	Most []Caused // as many as Shown
	All  int64    // how many there are
}

// Shown is how many causes are told, at most.
const Shown = 20

// Caused is a cause, and how many sellers it has made unable, or something due of.
type Caused struct {
	Cause
	Source  registry.Source // "" of what became due
	Sellers int64
	Today   int64 // of these, on the last of the days
	Newest  []Example
}

// Example is a change that a cause has made, of a seller, and how the account stands now.
type Example struct {
	SellerID, AccountID string
	At                  time.Time
	Status              account.Status // "" where another seller holds the account since

	position int64
}

// Broken are the causes for which sellers became unable to transact from one day to another, both included.
func (s *Service) Broken(ctx context.Context, from, to time.Time) (Causes, error) {
	return s.caused(ctx, unable, from, to)
}

// BecameDue are the requirements that became due from one day to another, both included.
func (s *Service) BecameDue(ctx context.Context, from, to time.Time) (Causes, error) {
	return s.caused(ctx, due, from, to)
}

func (s *Service) caused(ctx context.Context, kind string, from, to time.Time) (found Causes, err error) {
	from, to = dayOf(from), dayOf(to)
	var days []time.Time
	for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
		days = append(days, day)
	}
	rows, err := s.q.CausesOf(ctx, db.CausesOfParams{Kind: kind, Days: days, Today: to, N: Shown})
	if err != nil {
		return found, fmt.Errorf("read the days' causes: %w", err)
	}
	for _, row := range rows {
		c := Caused{
			Cause: causeFrom(row.Code, row.DisabledReason, row.Requirement), Source: registry.Source(row.Source),
			Sellers: row.Sellers, Today: row.Today,
		}
		for _, position := range row.Newest {
			c.Newest = append(c.Newest, Example{position: position})
		}
		found.Most, found.All = append(found.Most, c), row.Causes
	}
	return found, s.fillExamples(ctx, found.Most)
}

// fillExamples reads whose changes the newest are.
func (s *Service) fillExamples(ctx context.Context, of []Caused) error {
	var positions []int64
	for _, c := range of {
		for _, e := range c.Newest {
			positions = append(positions, e.position)
		}
	}
	rows, err := s.q.SellersOfChanges(ctx, positions)
	if err != nil {
		return fmt.Errorf("read whose changes the newest are: %w", err)
	}
	at := map[int64]db.SellersOfChangesRow{}
	for _, row := range rows {
		at[row.Position] = row
	}
	for _, c := range of {
		for i, e := range c.Newest {
			row := at[e.position]
			c.Newest[i] = Example{
				SellerID: row.SellerID, AccountID: row.AccountID, At: row.At.UTC(), Status: account.Status(row.Status), position: e.position,
			}
		}
	}
	return nil
}

// AccountsOf are the accounts that these sellers hold, or held last; who never had one is missing.
func (s *Service) AccountsOf(ctx context.Context, sellers []string) (map[string]string, error) {
	rows, err := s.q.AccountsOfSellers(ctx, sellers)
	if err != nil {
		return nil, fmt.Errorf("read sellers' accounts: %w", err)
	}
	accounts := map[string]string{}
	for _, row := range rows {
		if row.AccountID != "" {
			accounts[row.ID] = row.AccountID
		}
	}
	return accounts, nil
}

func causeFrom(code, disabledReason, requirement string) Cause {
	return Cause{Code: account.Code(code), DisabledReason: disabledReason, Requirement: requirement}
}

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
