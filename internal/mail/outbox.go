package mail

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/connectd/connectd/internal/db"
)

// Queue is the River queue of mails: a mail server that hangs holds up nothing else.
const Queue = "mail"

// Send is the job that sends a mail. It names neither an address nor what the mail says.
type Send struct {
	MailID string `json:"mail_id"`
}

// Kind names the job in river_job.
func (Send) Kind() string { return "mail" }

// InsertOpts leave it to the worker when to give up: River counts those attempts too that a kill has cut off.
func (Send) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: Queue, MaxAttempts: 1000} }

// Outbox makes mails. It is safe for concurrent use, on all replicas at once.
type Outbox struct {
	Jobs *river.Client[pgx.Tx] // it only inserts
	// Off are the kinds that the platform does not want sent.
	Off []Kind
	// Admin reports whether admins have an address.
	Admin bool
}

// made is a mail as the statement takes it.
type made struct {
	ID       string `json:"id"`
	SellerID string `json:"seller_id"`
	Cause    string `json:"cause"`
	Kind     Kind   `json:"kind"`
	// About are Things, as Postgres has them.
	About    []string `json:"about"`
	Position *int64   `json:"position"`
}

// Put makes the mails of the wishes, with their jobs, in the transaction of what they tell. One that comes within a day of the
// last of its cause waits for Tick. A nil Outbox makes none.
func (o *Outbox) Put(ctx context.Context, tx pgx.Tx, wishes []Wish, at time.Time) error {
	_, err := o.put(ctx, tx, wishes, at)
	return err
}

// put answers what it made of the wishes: a mail, or that one waits.
func (o *Outbox) put(ctx context.Context, tx pgx.Tx, wishes []Wish, at time.Time) ([]db.ClaimMailsRow, error) {
	wanted := o.wanted(wishes)
	if len(wanted) == 0 {
		return nil, nil
	}
	encoded, err := json.Marshal(wanted)
	if err != nil {
		return nil, fmt.Errorf("encode mails: %w", err)
	}
	claimed, err := db.New(tx).ClaimMails(ctx, db.ClaimMailsParams{At: at, Wishes: encoded})
	if err != nil {
		return nil, fmt.Errorf("claim mails: %w", err)
	}
	var mails []made
	for _, c := range claimed {
		if !c.Waiting {
			mails = append(mails, made{SellerID: c.SellerID, Cause: c.Cause, Kind: Kind(c.Kind), About: c.About, Position: c.Position})
		}
	}
	return claimed, o.insert(ctx, tx, mails, at)
}

// wanted are the wishes that the platform has mailed, of each cause the last, about what the others were too: a
// statement takes a row once.
func (o *Outbox) wanted(wishes []Wish) []made {
	if o == nil {
		return nil
	}
	byCause := map[[2]string]made{}
	for _, w := range wishes {
		if slices.Contains(o.Off, w.Kind) || w.Kind.toAdmin() && !o.Admin {
			continue
		}
		key := [2]string{w.SellerID, w.cause()}
		m := made{SellerID: w.SellerID, Cause: w.cause(), Kind: w.Kind, About: byCause[key].About, Position: orNil(w.Position)}
		for _, thing := range w.About {
			m.About = append(m.About, string(thing))
		}
		byCause[key] = m
	}
	wanted := make([]made, 0, len(byCause))
	for _, w := range byCause {
		wanted = append(wanted, w)
	}
	return wanted
}

func orNil(position int64) *int64 {
	if position == 0 {
		return nil
	}
	return &position
}

func (o *Outbox) insert(ctx context.Context, tx pgx.Tx, mails []made, at time.Time) error {
	if len(mails) == 0 {
		return nil
	}
	slices.SortFunc(mails, func(a, b made) int { return cmp.Or(cmp.Compare(a.SellerID, b.SellerID), cmp.Compare(a.Cause, b.Cause)) })
	jobs := make([]river.InsertManyParams, len(mails))
	for i := range mails {
		mails[i].ID = newMailID(at.Add(time.Duration(i) * time.Microsecond)) // a later one's is greater
		jobs[i].Args = Send{mails[i].ID}
	}
	encoded, err := json.Marshal(mails)
	if err != nil {
		return fmt.Errorf("encode mails: %w", err)
	}
	if err := db.New(tx).InsertMails(ctx, db.InsertMailsParams{At: at, Mails: encoded}); err != nil {
		return fmt.Errorf("insert mails: %w", err)
	}
	if _, err := o.Jobs.InsertManyFastTx(ctx, tx, jobs); err != nil {
		return fmt.Errorf("insert jobs: %w", err)
	}
	return nil
}

// newMailID begins with the time, so that the order of ids is the order in which mails were made.
func newMailID(at time.Time) string {
	return fmt.Sprintf("mail_%013x%s", at.UnixMicro(), strings.ToLower(rand.Text()[:12]))
}

const waitingAtOnce = 500 // in one transaction

// Tick makes the mails that had to wait for a day to pass, where what they tell still holds. All replicas may call it at once.
func (o *Outbox) Tick(ctx context.Context, pool *pgxpool.Pool, now time.Time) error {
	if o == nil {
		return nil
	}
	for {
		var taken int
		err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) (err error) {
			taken, err = o.release(ctx, tx, now)
			return err
		})
		if err != nil || taken < waitingAtOnce {
			return err
		}
	}
}

// settled is what becomes of a mail that waited, as the statement takes it.
type settled struct {
	SellerID string `json:"seller_id"`
	Cause    string `json:"cause"`
	Mailed   bool   `json:"mailed"`
}

func (o *Outbox) release(ctx context.Context, tx pgx.Tx, now time.Time) (taken int, err error) {
	q := db.New(tx)
	rows, err := q.WaitingMails(ctx, db.WaitingMailsParams{At: now, N: waitingAtOnce})
	if err != nil {
		return 0, fmt.Errorf("read the mails that wait: %w", err)
	}
	if len(rows) == 0 {
		return 0, nil
	}
	all, mails := make([]settled, len(rows)), []made{}
	for i, row := range rows {
		due, err := o.stillDue(row)
		if err != nil {
			return 0, err
		}
		all[i] = settled{row.SellerID, row.Cause, due}
		if due {
			mails = append(mails, made{SellerID: row.SellerID, Cause: row.Cause, Kind: Kind(row.Kind), About: row.About, Position: row.Position})
		}
	}
	encoded, err := json.Marshal(all)
	if err != nil {
		return 0, fmt.Errorf("encode the mails that waited: %w", err)
	}
	if err := q.SettleWaiting(ctx, db.SettleWaitingParams{At: now, Settled: encoded}); err != nil {
		return 0, fmt.Errorf("settle the mails that waited: %w", err)
	}
	return len(rows), o.insert(ctx, tx, mails, now)
}

// stillDue reports whether what waited is still to be told: a seller who was told since that all is on again needs not hear it
// twice.
func (o *Outbox) stillDue(row db.WaitingMailsRow) (bool, error) {
	kind := Kind(row.Kind)
	switch {
	case !row.Reachable || row.Unwanted || len(o.wanted([]Wish{{Kind: kind}})) == 0:
		return false, nil
	case kind.toAdmin():
		return true, nil
	case kind == SwitchedOn && (row.OffAt == nil || row.OffAt.Before(row.At)):
		return false, nil
	}
	ready, err := readinessOf(row.SellerID, row.Readiness)
	return err == nil && holds(kind, row.About, ready), err
}
