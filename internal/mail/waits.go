package mail

import (
	"context"
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/db"
)

// Wait is a mail that is made once a day has passed since the last of its cause, if what it tells is then still so.
type Wait struct {
	Entry
	Until time.Time
	place WaitPlace
}

// WaitPlace is where a page of Waits ended.
type WaitPlace struct {
	At              time.Time
	SellerID, Cause string
}

// Waits are those of the query that wait, the soonest first, from after a place (the zero one: from the first), and where the next
// page begins; nil at the end. Those of one seller, of whom there is one a cause, are one page.
func (b Book) Waits(ctx context.Context, q Query, after WaitPlace) (found []Wait, next *WaitPlace, err error) {
	kinds, err := q.kinds()
	if err != nil {
		return nil, nil, err
	}
	rows, err := b.waiting(ctx, q, kinds, after)
	if err != nil {
		return nil, nil, fmt.Errorf("read the mails that wait: %w", err)
	}
	for _, row := range rows {
		found = append(found, waitOf(row))
	}
	if q.SellerID == "" && len(found) > q.Limit {
		found = found[:q.Limit]
		next = &found[q.Limit-1].place
	}
	return found, next, nil
}

func (b Book) waiting(ctx context.Context, q Query, kinds []string, after WaitPlace) (rows []db.MailsThatWaitRow, err error) {
	if q.SellerID == "" {
		return b.Queries.MailsThatWait(ctx, db.MailsThatWaitParams{
			At: after.At, SellerID: after.SellerID, Cause: after.Cause, Kinds: kinds, N: int32(q.Limit + 1), //nolint:gosec // the page's length is bounded
		})
	}
	of, err := b.Queries.MailsOfSellerThatWait(ctx, db.MailsOfSellerThatWaitParams{SellerID: q.SellerID, Kinds: kinds})
	for _, row := range of {
		rows = append(rows, db.MailsThatWaitRow(row))
	}
	return rows, err
}

func waitOf(row db.MailsThatWaitRow) Wait {
	w := Wait{
		Entry: Entry{
			SellerID: row.SellerID, Kind: Kind(row.Kind), Subject: subjectOf(row.Cause), About: row.About, State: Waiting, AccountID: row.AccountID,
		},
		Until: row.At.Add(oncePer), place: WaitPlace{row.At, row.SellerID, row.Cause},
	}
	if row.Position != nil {
		w.Position = *row.Position
	}
	return w
}
