package mail

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// Book shows what was mailed, and what is to be.
type Book struct{ Queries *db.Queries }

// Query asks for mails, the newest first. What is "" is not asked for.
type Query struct {
	SellerID string
	Kind     Kind
	State    State  // not Waiting: those are no mails yet
	Before   string // the id of the mail that the page before ended with
	Limit    int    // how many at most, up to 100
}

// Entry is a mail, as the book has it: no address, and not what it said.
type Entry struct {
	ID, SellerID string // a seller's id is "" where it is to admins
	Kind         Kind
	Subject      string // an endpoint's id, of EndpointOff; else ""
	About        []string
	State        State
	Why          string // why it was not sent, or not yet: of Dropped one of the reasons, else what the server answered; ""
	CreatedAt    time.Time
	SettledAt    *time.Time // when it was sent, or given up
	FailingSince *time.Time
	AccountID    string // that it is about, or else that the seller connected last; ""
	Position     int64  // of the change that it tells of; 0 where that is none, or was not kept
	Anew         bool   // another of its cause has come since, or waits
	Language     string // that the seller was last shown the page in; "" where that is not known
}

const endOfIDs = "~" // after every id

// Mails is a page of them, and the Before of the next one, "" at the end. An unknown kind or state is an account.Error.
func (b Book) Mails(ctx context.Context, q Query) (found []Entry, next string, err error) {
	kinds, err := q.kinds()
	if err != nil {
		return nil, "", err
	}
	states, err := q.states()
	if err != nil {
		return nil, "", err
	}
	ids, err := b.find(ctx, q, kinds, states)
	if err != nil {
		return nil, "", fmt.Errorf("find mails: %w", err)
	}
	if len(ids) > q.Limit {
		ids = ids[:q.Limit]
		next = ids[q.Limit-1]
	}
	rows, err := b.Queries.MailsByID(ctx, ids)
	if err != nil {
		return nil, "", fmt.Errorf("read mails: %w", err)
	}
	for _, row := range rows {
		found = append(found, entryOf(row))
	}
	return found, next, nil
}

func (b Book) find(ctx context.Context, q Query, kinds, states []string) ([]string, error) {
	before, n := cmp.Or(q.Before, endOfIDs), int32(q.Limit+1) //nolint:gosec // the page's length is bounded
	switch {
	case q.SellerID != "":
		return b.Queries.MailsOfSeller(ctx, db.MailsOfSellerParams{SellerID: q.SellerID, Kinds: kinds, States: states, Before: before, N: n})
	case q.Kind != "" || q.State != "":
		return b.Queries.MailsByKind(ctx, db.MailsByKindParams{Kinds: kinds, States: states, Before: before, N: n})
	}
	return b.Queries.NewestMails(ctx, db.NewestMailsParams{Before: before, N: n})
}

// kinds are those asked for, all where none is.
func (q Query) kinds() ([]string, error) {
	if q.Kind != "" && !Known(string(q.Kind)) {
		return nil, account.InvalidField("kind", "There is no kind of mail %q.", string(q.Kind))
	}
	var kinds []string
	for _, kind := range Kinds() {
		if q.Kind == "" || kind == q.Kind {
			kinds = append(kinds, string(kind))
		}
	}
	return kinds, nil
}

func (q Query) states() ([]string, error) {
	if q.State != "" && !slices.Contains(States(), q.State) {
		return nil, account.InvalidField("state", "There is no state %q.", string(q.State))
	}
	var states []string
	for _, state := range States() {
		if q.State == "" || state == q.State {
			states = append(states, string(state))
		}
	}
	return states, nil
}

func entryOf(row db.MailsByIDRow) Entry {
	m := row.Mail
	e := Entry{
		ID: m.ID, SellerID: m.SellerID, Kind: Kind(m.Kind), Subject: subjectOf(m.Cause), About: m.About, State: Open, Why: client.Text(m.Why),
		CreatedAt: m.CreatedAt, SettledAt: m.SettledAt, FailingSince: m.FailingSince, AccountID: row.AccountID,
		Language: client.Text(row.Language), Anew: row.Anew,
	}
	if m.Outcome != nil {
		e.State = State(*m.Outcome)
	}
	if m.Position != nil {
		e.Position = *m.Position
	}
	return e
}

// oncePer is how long a cause is quiet after a mail.
const oncePer = 24 * time.Hour

// Counts are how many mails are still to be sent, and how many wait; CountedAtMost + 1 is more.
type Counts struct {
	Open, Waiting int
	// FailingSince is when an attempt to send the oldest of those failed first, Why what the last came to; nil where none has.
	FailingSince *time.Time
	Why          string
}

// CountedAtMost is how far mails are counted.
const CountedAtMost = 1000

// Counts counts them.
func (b Book) Counts(ctx context.Context) (Counts, error) {
	row, err := b.Queries.CountMails(ctx, CountedAtMost+1)
	if err != nil {
		return Counts{}, fmt.Errorf("count mails: %w", err)
	}
	counts := Counts{Open: int(row.Open), Waiting: int(row.Waiting)}
	failing, err := b.Queries.OldestFailingMail(ctx)
	if err != nil {
		return counts, fmt.Errorf("read the oldest mail that is to be sent: %w", err)
	}
	for _, oldest := range failing {
		counts.FailingSince, counts.Why = oldest.FailingSince, client.Text(oldest.Why)
	}
	return counts, nil
}

// SellersMail is what is known of mails to a seller.
type SellersMail struct {
	Known     bool // connectd knows the seller
	Reachable bool // there is an address
	Language  string
	Unwanted  []Ended
}

// Ended is a kind of mail that a seller has ended.
type Ended struct {
	Kind Kind
	At   time.Time
}

// Seller is what is known of mails to one.
func (b Book) Seller(ctx context.Context, id string) (SellersMail, error) {
	rows, err := b.Queries.SellersMail(ctx, id)
	if err != nil || len(rows) == 0 {
		return SellersMail{}, wrap(err, id)
	}
	ended, err := b.Queries.UnwantedMails(ctx, id)
	found := SellersMail{Known: true, Reachable: rows[0].Reachable, Language: client.Text(rows[0].Language)}
	for _, e := range ended {
		found.Unwanted = append(found.Unwanted, Ended{Kind(e.Kind), e.At})
	}
	return found, wrap(err, id)
}

func wrap(err error, sellerID string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("read what is known of mails to seller %s: %w", sellerID, err)
}
