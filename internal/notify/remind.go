package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/mail"
)

const day = 24 * time.Hour

// remindBefore is how long before a deadline a seller's requirements are told again.
var remindBefore = []time.Duration{14 * day, 7 * day, day}

const remindersAtOnce = 500 // in one transaction

// reminder is when a seller is to be reminded next, and of which deadline.
type reminder struct {
	SellerID string    `json:"seller_id"`
	Deadline time.Time `json:"deadline"`
	At       time.Time `json:"at"`
}

// nextReminder is the first after a moment; ok is false where none is to come.
func nextReminder(ready client.Readiness, after time.Time) (next reminder, ok bool) {
	for _, deadline := range deadlinesOf(ready) {
		for _, before := range remindBefore {
			if at := deadline.Add(-before); at.After(after) && (!ok || at.Before(next.At)) {
				next, ok = reminder{SellerID: ready.SellerID, Deadline: deadline, At: at}, true
			}
		}
	}
	return next, ok
}

func deadlinesOf(ready client.Readiness) []time.Time {
	var deadlines []time.Time
	for _, due := range mail.DueOf(ready) {
		if due.Deadline != nil {
			deadlines = append(deadlines, *due.Deadline)
		}
	}
	return deadlines
}

// remindOf keeps when the sellers of these changes are to be reminded. A reminder whose moment has come stays to be told where
// its deadline still holds.
func remindOf(ctx context.Context, tx pgx.Tx, changes []change) error {
	last := map[string]change{}
	for _, c := range changes {
		last[c.SellerID] = c
	}
	kept, err := remindersOf(ctx, tx, last)
	if err != nil {
		return err
	}
	p := plan{}
	for id, c := range last {
		if at, has := kept[id]; has && !at.At.After(c.At) && slices.ContainsFunc(deadlinesOf(c.after), at.Deadline.Equal) {
			continue
		}
		next, ok := nextReminder(c.after, c.At)
		_, has := kept[id]
		p.add(id, next, ok, has)
	}
	return p.store(ctx, tx)
}

func remindersOf(ctx context.Context, tx pgx.Tx, of map[string]change) (map[string]db.Reminder, error) {
	ids := make([]string, 0, len(of))
	for id := range of {
		ids = append(ids, id)
	}
	rows, err := db.New(tx).RemindersOf(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read reminders: %w", err)
	}
	kept := make(map[string]db.Reminder, len(rows))
	for _, row := range rows {
		kept[row.SellerID] = row
	}
	return kept, nil
}

// plan is what becomes of reminders.
type plan struct {
	set  []reminder
	drop []string
}

// add has the seller reminded next, or no more.
func (p *plan) add(sellerID string, next reminder, ok, has bool) {
	switch {
	case ok:
		p.set = append(p.set, next)
	case has:
		p.drop = append(p.drop, sellerID)
	}
}

func (p *plan) store(ctx context.Context, tx pgx.Tx) error {
	q := db.New(tx)
	if len(p.set) > 0 {
		encoded, err := json.Marshal(p.set)
		if err != nil {
			return fmt.Errorf("encode reminders: %w", err)
		}
		if err := q.SetReminders(ctx, encoded); err != nil {
			return fmt.Errorf("store reminders: %w", err)
		}
	}
	if len(p.drop) > 0 {
		if err := q.DropReminders(ctx, p.drop); err != nil {
			return fmt.Errorf("delete reminders: %w", err)
		}
	}
	return nil
}

// Reminders reminds of deadlines.
type Reminders struct {
	Pool *pgxpool.Pool
	Jobs *river.Client[pgx.Tx] // it only inserts
	// JudgeAge adds to a readiness what is only known when it is read.
	JudgeAge func(*client.Readiness)
	Mails    *mail.Outbox // nil: none are sent
}

// Tick inserts a job for each seller who is to be reminded by now. All replicas may call it at once. After a downtime each is
// reminded once, however many moments have passed; of a deadline that has passed, nobody is.
func (r Reminders) Tick(ctx context.Context, now time.Time) error {
	for {
		var taken int
		err := pgx.BeginFunc(ctx, r.Pool, func(tx pgx.Tx) (err error) {
			taken, err = r.remind(ctx, tx, now)
			return err
		})
		if err != nil || taken < remindersAtOnce {
			return err
		}
	}
}

func (r Reminders) remind(ctx context.Context, tx pgx.Tx, now time.Time) (taken int, err error) {
	q := db.New(tx)
	rows, err := q.TakeReminders(ctx, db.TakeRemindersParams{At: now, N: remindersAtOnce})
	if err != nil || len(rows) == 0 {
		return 0, wrap(err, "take reminders")
	}
	feed, err := q.FeedPosition(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the feed's position: %w", err)
	}
	var inserts []river.InsertManyParams
	var mails []mail.Wish
	p := plan{}
	for _, row := range rows {
		ready, err := r.readiness(row)
		if err != nil {
			return 0, err
		}
		if row.Deadline.After(now) && slices.ContainsFunc(deadlinesOf(ready), row.Deadline.Equal) {
			data, err := json.Marshal(client.SellerEvent{Readiness: ready, Previous: map[string]json.RawMessage{}})
			if err != nil {
				return 0, fmt.Errorf("encode a reminder of seller %s: %w", row.SellerID, err)
			}
			inserts = append(inserts, river.InsertManyParams{
				Args: Event{Type: RequirementsDue, Timestamp: now.UTC(), Sequence: feed.Position, Data: data},
			})
			mails = append(mails, mail.Wish{SellerID: row.SellerID, Kind: mail.Reminder, Position: row.Version})
		}
		next, ok := nextReminder(ready, now)
		p.add(row.SellerID, next, ok, true)
	}
	if len(inserts) > 0 {
		if _, err := r.Jobs.InsertManyFastTx(ctx, tx, inserts); err != nil {
			return 0, fmt.Errorf("insert jobs: %w", err)
		}
	}
	if err := r.Mails.Put(ctx, tx, mails, now); err != nil {
		return 0, err
	}
	return len(rows), p.store(ctx, tx)
}

func (r Reminders) readiness(row db.TakeRemindersRow) (ready client.Readiness, err error) {
	if err := json.Unmarshal(row.Readiness, &ready); err != nil {
		return ready, fmt.Errorf("readiness of seller %s as stored: %w", row.SellerID, err)
	}
	ready.Version = row.Version
	r.JudgeAge(&ready)
	return ready, nil
}

// wrap says what failed, where something did.
func wrap(err error, what string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
