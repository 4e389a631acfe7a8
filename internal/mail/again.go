package mail

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// Again makes a mail anew that could not be sent, and says until when it waits; nil where it is sent at once. What it says is
// written when it is sent, as always, and a cause has one a day, as always: so a mail that was sent is not sent again, and one that was made anew not twice. Why it can't
// be is an account.Error.
func (o *Outbox) Again(ctx context.Context, pool *pgxpool.Pool, id string, at time.Time, by account.Actor) (waits *time.Time, err error) {
	if o == nil {
		return nil, account.Errorf(account.Conflict, "Nothing is mailed: set CONNECTD_SMTP_URL first.")
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		m, err := o.unsent(ctx, db.New(tx), id)
		if err != nil {
			return err
		}
		if waits, err = o.makeAgain(ctx, tx, m, at); err != nil {
			return err
		}
		return db.New(tx).RecordAct(ctx, db.RecordActParams{
			At: at, Actor: by.Name, Address: by.Address, Action: "resend_mail", Subject: id, SellerID: m.SellerID,
		})
	})
	return waits, err
}

// unsent is the mail, where it could not be sent.
func (o *Outbox) unsent(ctx context.Context, q *db.Queries, id string) (db.Mail, error) {
	rows, err := q.MailToSendAgain(ctx, id)
	switch {
	case err != nil:
		return db.Mail{}, fmt.Errorf("read mail %s: %w", id, err)
	case len(rows) == 0:
		return db.Mail{}, account.Errorf(account.NotFound, "There is no mail %q here.", id)
	case rows[0].Outcome == nil:
		return db.Mail{}, account.Errorf(account.Conflict, "It is still to be sent, and tried again by itself.")
	case State(*rows[0].Outcome) != Refused && State(*rows[0].Outcome) != Failed:
		return db.Mail{}, account.Errorf(account.Conflict, "Only a mail that was refused or failed is sent again.")
	case len(o.wanted([]Wish{{Kind: Kind(rows[0].Kind)}})) == 0:
		return db.Mail{}, account.Errorf(account.Conflict, "Mails of this kind are not sent: see CONNECTD_MAIL_OFF and CONNECTD_ADMIN_EMAIL.")
	}
	anew, err := q.MailMadeAnew(ctx, id)
	switch {
	case err != nil:
		return db.Mail{}, fmt.Errorf("read what came after mail %s: %w", id, err)
	case anew:
		return db.Mail{}, account.Errorf(account.Conflict, "Another of its cause has come since, or waits.")
	}
	return rows[0], nil
}

func (o *Outbox) makeAgain(ctx context.Context, tx pgx.Tx, m db.Mail, at time.Time) (waits *time.Time, err error) {
	wish := Wish{SellerID: m.SellerID, Kind: Kind(m.Kind), Subject: subjectOf(m.Cause)}
	for _, thing := range m.About {
		wish.About = append(wish.About, Thing(thing))
	}
	if m.Position != nil {
		wish.Position = *m.Position
	}
	claimed, err := o.put(ctx, tx, []Wish{wish}, at)
	switch {
	case err != nil:
		return nil, err
	case len(claimed) == 0:
		return nil, account.Errorf(account.Conflict, "The seller has no e-mail address now, or wants no more mails of this kind.")
	case claimed[0].Waiting:
		until := claimed[0].At.Add(oncePer)
		return &until, nil
	}
	return nil, nil
}
