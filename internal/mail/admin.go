package mail

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/words"
)

// adminLetter is written to admins, whose language is English.
type adminLetter struct {
	q       *db.Queries
	baseURL string
}

// write is the letter; ok is false where there is nothing to tell any more.
func (a adminLetter) write(ctx context.Context, m db.MailToSendRow) (l letter, ok bool, err error) {
	if Kind(m.Kind) == EndpointOff {
		l, ok, err = a.endpointOff(ctx, subjectOf(m.Cause))
	} else {
		l, ok, err = a.digest(ctx, m)
	}
	l.language = words.English()
	l.notes = []string{"connectd mails this to CONNECTD_ADMIN_EMAIL. CONNECTD_MAIL_OFF=" + m.Kind + " ends it."}
	return l, ok, err
}

func (a adminLetter) endpointOff(ctx context.Context, id string) (l letter, ok bool, err error) {
	rows, err := a.q.EndpointSwitchedOff(ctx, id)
	if err != nil {
		return l, false, fmt.Errorf("read event endpoint %s: %w", id, err)
	}
	if len(rows) == 0 {
		return l, false, nil // deleted, or enabled again
	}
	l.subject = "An event endpoint was switched off"
	l.paragraphs = []string{
		fmt.Sprintf("connectd sends no more events to %s (%s): every attempt has failed%s.", place(rows[0].Url), id, since(rows[0].FailingSince)),
	}
	l.after = []string{
		"Mend the receiver, and then enable the endpoint: POST /v1/event-endpoints/" + id + "/enable. What was not delivered until then " +
			"can be sent again: POST /v1/deliveries/{id}/redeliver.",
	}
	return l, true, nil
}

// place is the URL without its query, which may be secret.
func place(endpoint string) string {
	before, _, _ := strings.Cut(endpoint, "?")
	return before
}

func since(t *time.Time) string {
	if t == nil {
		return ""
	}
	return " since " + words.English().Moment(*t)
}

// digest sums up the passes that have found something since the last one.
func (a adminLetter) digest(ctx context.Context, m db.MailToSendRow) (l letter, ok bool, err error) {
	passes, err := a.q.PassesToReport(ctx, db.PassesToReportParams{Until: m.CreatedAt, MailID: m.ID})
	if err != nil {
		return l, false, fmt.Errorf("read the passes to report: %w", err)
	}
	if len(passes) == 0 {
		return l, false, nil
	}
	l.subject = digestSubject(passes)
	l.paragraphs = []string{"What the health scan has found since the last such mail:"}
	for _, p := range passes {
		l.items = append(l.items, item{Words: findings(p), More: stopped(p)})
	}
	if len(l.items) > passesListed {
		rest := len(l.items) - passesListed
		l.items = append(l.items[:passesListed:passesListed], item{Words: fmt.Sprintf("… and %d more passes (GET /v1/scans).", rest)})
	}
	l.way = way{"Look at the accounts", a.baseURL + "/admin/accounts"}
	return l, true, nil
}

const passesListed = 20

func digestSubject(passes []db.Scan) string {
	var changed, unable int64
	for _, p := range passes {
		changed, unable = changed+p.Changed, unable+p.NewlyUnable+p.Disconnected
	}
	return fmt.Sprintf("The health scan found %s, of which %d can no longer transact", plural(changed, "changed account"), unable)
}

func plural(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// findings says what a pass has found, without what it has not.
func findings(p db.Scan) string {
	said := []string{fmt.Sprintf("%s: %d checked", words.English().Moment(finished(p)), p.Checked)}
	for _, count := range []struct {
		n    int64
		what string
	}{
		{p.Changed, "changed"},
		{p.NewlyUnable, "newly unable to transact"},
		{p.NewlyAble, "newly able to transact"},
		{p.Disconnected, "disconnected"},
		{p.Failed, "could not be read"},
		{p.HeldBack, "held back by the brake"},
	} {
		if count.n > 0 {
			said = append(said, fmt.Sprintf("%d %s", count.n, count.what))
		}
	}
	return strings.Join(said, ", ")
}

func finished(p db.Scan) time.Time {
	if p.FinishedAt == nil {
		return p.StartedAt
	}
	return *p.FinishedAt
}

func stopped(p db.Scan) string {
	if p.State != "stopped" || p.Why == nil {
		return ""
	}
	return "It was stopped: " + oneLine(*p.Why)
}
