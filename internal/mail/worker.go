package mail

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/brand"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/words"
)

// Desk writes mails and sends them.
type Desk struct {
	Pool   *pgxpool.Pool
	Sender *Sender
	Looks  brand.Brand
	// AdminEmail is who gets what admins have to know.
	AdminEmail string
	// Language is what sellers read whose language is not known.
	Language *words.Language
	BaseURL  string
	// Link makes a seller's page, that can't unlink, for as long as mails say.
	Link func(ctx context.Context, sellerID string) (string, error)
	// Settled hears what became of a mail of a kind, or that it is to be tried again (pending). nil: nobody counts.
	Settled func(kind, result string)
	Now     func() time.Time
	Logger  *slog.Logger
}

// Worker works the jobs that send mails.
type Worker struct {
	river.WorkerDefaults[Send]
	*Desk
}

// giveUpAfter is how long a mail is tried: what is older is no news.
const giveUpAfter = 3 * 24 * time.Hour

// lastWait is longer than the wait for the attempt that finds that a mail was tried for long enough.
const lastWait = 2 * time.Hour

// repeats are how long after each attempt the next one follows; the last one again and again.
var repeats = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour}

// Timeout is longer than other jobs': a mail server may take its time.
func (*Worker) Timeout(*river.Job[Send]) time.Duration { return 2*answerWithin + 10*time.Second }

// NextRetry is sooner at first.
func (*Worker) NextRetry(job *river.Job[Send]) time.Time {
	return time.Now().Add(repeats[min(max(job.Attempt, 1), len(repeats))-1])
}

// Work makes one attempt. A mail that was sent, of which that could not be kept, is sent again with the same Message-ID.
func (w *Worker) Work(ctx context.Context, job *river.Job[Send]) error {
	err := w.Deliver(ctx, job.Args.MailID)
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return river.JobSnooze(0) // the process ends: the next one makes the attempt again
	}
	return err
}

// Deliver sends the mail, unless that is settled.
func (d *Desk) Deliver(ctx context.Context, id string) error {
	rows, err := db.New(d.Pool).MailToSend(ctx, id)
	if err != nil {
		return fmt.Errorf("read mail %s: %w", id, err)
	}
	if len(rows) == 0 {
		return nil
	}
	m := rows[0]
	came, err := d.attemptInTime(ctx, m)
	refusal, gone := errors.AsType[*RefusedError](err)
	switch {
	case gone:
		d.Logger.WarnContext(ctx, "a mail is refused, and not sent again", "mail", id, "kind", m.Kind, "seller", m.SellerID, "why", refusal.why)
		came = ending{Refused, refusal.why}
	case err != nil && d.Now().Sub(m.CreatedAt) > giveUpAfter:
		d.Logger.ErrorContext(ctx, "a mail could not be sent for three days, and is not tried again", "mail", id, "kind", m.Kind, "error", err)
		came = ending{Failed, bounded(err)}
	case err != nil:
		d.count(m.Kind, "pending")
		return d.notSent(ctx, m, err)
	}
	settled := db.SettleMailParams{ID: id, At: d.Now(), Outcome: string(came.state), Why: came.why}
	if err := db.New(d.Pool).SettleMail(ctx, settled); err != nil {
		return fmt.Errorf("keep what became of mail %s: %w", id, err)
	}
	d.count(m.Kind, string(came.state))
	return nil
}

// notSent keeps why, which is tried again.
func (d *Desk) notSent(ctx context.Context, m db.MailToSendRow, err error) error {
	if ctx.Err() == nil {
		d.Logger.WarnContext(ctx, "a mail could not be sent; that is tried again", "mail", m.ID, "kind", m.Kind, "error", err)
		kept := db.New(d.Pool).MailNotSent(ctx, db.MailNotSentParams{ID: m.ID, At: d.Now(), Why: bounded(err)})
		err = errors.Join(err, kept)
	}
	return fmt.Errorf("send mail %s: %w", m.ID, err)
}

// count counts what came of an attempt.
func (d *Desk) count(kind, came string) {
	if d.Settled != nil {
		d.Settled(kind, came)
	}
}

// attemptInTime drops what nobody has tried to send for so long: no process ran, or mails were switched off meanwhile.
func (d *Desk) attemptInTime(ctx context.Context, m db.MailToSendRow) (ending, error) {
	if d.Now().Sub(m.CreatedAt) > giveUpAfter+lastWait {
		return dropped(TooOld), nil
	}
	return d.attempt(ctx, m)
}

func (d *Desk) attempt(ctx context.Context, m db.MailToSendRow) (ending, error) {
	if Kind(m.Kind).toAdmin() {
		return d.toAdmin(ctx, m)
	}
	ready, err := readinessOf(m.SellerID, m.Readiness)
	if err != nil {
		return ending{}, err
	}
	if why := needless(m, ready); why != "" {
		return dropped(why), nil
	}
	line, err := d.Sender.Dial(ctx) // before there is a link: a server that is down makes none
	if err != nil {
		return ending{}, err
	}
	defer line.HangUp()
	message, err := d.write(ctx, m, ready)
	if err != nil {
		return ending{}, err
	}
	return sent, line.Send(envelope(m, *m.Email), message)
}

// write is the mail to a seller, with a fresh link.
func (d *Desk) write(ctx context.Context, m db.MailToSendRow, ready client.Readiness) (Message, error) {
	page, err := d.Link(ctx, m.SellerID)
	if err != nil {
		return Message{}, err
	}
	l := sellersLetter{Language: d.languageOf(m), looks: d.Looks, ready: ready, now: d.Now(), page: page}
	if Kind(m.Kind) == Reminder {
		if l.end, err = d.unsubscribeURL(ctx, m.ID); err != nil {
			return Message{}, err
		}
	}
	return l.write(Kind(m.Kind)).message(d.Looks)
}

func (d *Desk) languageOf(m db.MailToSendRow) *words.Language {
	if m.Language == nil {
		return d.Language
	}
	return words.Choose(*m.Language, d.Language.Tag())
}

func (d *Desk) toAdmin(ctx context.Context, m db.MailToSendRow) (ending, error) {
	if d.AdminEmail == "" {
		return dropped(NoAddress), nil
	}
	l, ok, err := adminLetter{db.New(d.Pool), d.BaseURL}.write(ctx, m)
	if err != nil || !ok {
		return dropped(Untrue), err
	}
	message, err := l.message(d.Looks)
	if err != nil {
		return ending{}, err
	}
	line, err := d.Sender.Dial(ctx)
	if err != nil {
		return ending{}, err
	}
	defer line.HangUp()
	return sent, line.Send(envelope(m, d.AdminEmail), message)
}

func envelope(m db.MailToSendRow, to string) Envelope {
	return Envelope{ID: m.ID, To: to, At: m.CreatedAt}
}

// unsubscribeURL makes one that ends reminders; its token is stored as a hash.
func (d *Desk) unsubscribeURL(ctx context.Context, mailID string) (string, error) {
	raw := make([]byte, 32)
	rand.Read(raw) // never fails (crypto/rand)
	token := base64.RawURLEncoding.EncodeToString(raw)
	params := db.InsertUnsubscribeTokenParams{TokenHash: hash(token), MailID: mailID}
	if err := db.New(d.Pool).InsertUnsubscribeToken(ctx, params); err != nil {
		return "", fmt.Errorf("store what ends the reminders of mail %s: %w", mailID, err)
	}
	return d.BaseURL + "/mail/unsubscribe/" + token, nil
}

// hash is what is stored of a token: 32 random bytes need no slow hash.
func hash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
