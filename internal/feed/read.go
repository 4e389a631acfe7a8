package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/db"
)

// Query asks for what follows a cursor.
type Query struct {
	After Cursor
	Limit int
	// Seen is a position that the answer has to have seen: the database is asked where this process has not come that far.
	Seen int64
}

// Found is what follows a cursor: nothing, where it is at the end.
type Found struct {
	Entries []Entry
	Next    Cursor          // to go on from
	More    <-chan struct{} // closed once there may be more
}

// After reads what follows a cursor, from memory where it is there. A cursor from which nobody can go on is account.Expired.
func (f *Feed) After(ctx context.Context, q Query) (Found, error) {
	w := f.window.Load()
	found := Found{Next: q.After, More: w.more}
	var held bool
	if w.end.Position >= q.Seen {
		found.Entries, held = w.after(q.After, q.Limit)
	}
	if !held {
		var err error
		if found.Entries, err = f.stored(ctx, q); err != nil {
			return Found{}, err
		}
	}
	found.Next.Position += int64(len(found.Entries))
	f.cfg.Registry.Reach(found.Next.place())
	return found, nil
}

// Oldest is the cursor before the oldest entry that is kept.
func (f *Feed) Oldest(ctx context.Context) (Cursor, error) {
	at, err := f.Now(ctx)
	if err != nil {
		return Cursor{}, err
	}
	oldest, err := f.oldest(ctx)
	if err != nil {
		return Cursor{}, err
	}
	if oldest > 0 {
		at.Position = oldest - 1
	}
	return at, nil
}

// Now is the feed's end, as the database has it.
func (f *Feed) Now(ctx context.Context) (Cursor, error) { return f.now(ctx, f.cfg.Pool) }

// now also takes up the policy that is in force: what is told as of then is judged by it.
func (f *Feed) now(ctx context.Context, from db.DBTX) (Cursor, error) {
	ctx, cancel := context.WithTimeout(ctx, pollWithin)
	defer cancel()
	q := db.New(from)
	row, err := q.FeedAndPolicy(ctx)
	if err != nil {
		return Cursor{}, fmt.Errorf("read the feed's position: %w", err)
	}
	return Cursor{row.Epoch, row.Position}, f.cfg.Registry.TakeUpPolicy(ctx, q, row.PolicyVersion)
}

// stored reads from the database, for one who is behind.
func (f *Feed) stored(ctx context.Context, q Query) ([]Entry, error) {
	select {
	case f.turns <- struct{}{}:
		defer func() { <-f.turns }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	end, err := f.Now(ctx)
	if err != nil {
		return nil, err
	}
	if err := q.After.checkAgainst(end); err != nil || q.After == end {
		return nil, err
	}
	return f.read(ctx, f.cfg.Pool, q.After, q.Limit)
}

// read reads the entries after a cursor that is before the feed's end. The first has to be the very next one, each other the
// next to that before it; errTooOld says that it is not.
func (f *Feed) read(ctx context.Context, from db.DBTX, after Cursor, limit int) ([]Entry, error) {
	// Planned anew each time: a plan from when the table was empty would read all of it.
	rows, _ := from.Query(ctx, db.FeedEntries, pgx.QueryExecModeExec, after.Position, limit) // CollectRows has its error
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[db.FeedEntriesRow])
	if err != nil {
		return nil, fmt.Errorf("read the feed after %s: %w", after, err)
	}
	entries, now := make([]Entry, 0, len(found)), time.Now()
	for i, row := range found {
		if row.Position != after.Position+int64(i)+1 {
			break // what follows the gap is asked for from before it, and refused then
		}
		entry, err := f.render(row, now)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	if len(entries) == 0 {
		return nil, f.missing(ctx, after)
	}
	return entries, nil
}

func (f *Feed) render(row db.FeedEntriesRow, now time.Time) (Entry, error) {
	entry, published, err := f.cfg.Registry.Entry(row)
	if err != nil {
		return Entry{}, err
	}
	encoded, err := json.Marshal(entry)
	if err != nil {
		return Entry{}, fmt.Errorf("encode entry %d of the feed: %w", row.Position, err)
	}
	return Entry{FeedEntry: entry, JSON: encoded, published: published, read: now}, nil
}

// missing tells entries that were kept for long enough from a hole, which must never be.
func (f *Feed) missing(ctx context.Context, after Cursor) error {
	oldest, err := f.oldest(ctx)
	if err != nil {
		return err
	}
	if oldest > 0 && oldest <= after.Position {
		f.cfg.Logger.ErrorContext(ctx, "the feed has a hole: an entry is missing that is newer than others that are kept; "+
			"followers start over; see who has written to feed or feed_entries", "position", after.Position+1)
	}
	return errTooOld
}

func (f *Feed) oldest(ctx context.Context) (int64, error) {
	position, err := f.q.OldestFeedEntry(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the feed's oldest entry: %w", err)
	}
	return position, nil
}

// Restored raises the epoch after a restore from a backup: positions will come again, and followers start over.
func Restored(ctx context.Context, q *db.Queries, now time.Time) (Cursor, error) {
	row, err := q.RaiseEpoch(ctx, now)
	if err != nil {
		return Cursor{}, fmt.Errorf("raise the feed's epoch: %w", err)
	}
	return Cursor(row), nil
}
