package mail

import (
	"math"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/brand"
	"github.com/connectd/connectd/internal/words"
)

// sellersLetter is made for one seller, of how the account stands now.
type sellersLetter struct {
	*words.Language
	looks brand.Brand
	ready client.Readiness
	now   time.Time
	page  string // the seller's, by a link that can't unlink
	end   string // where reminders end
}

// write is the letter of a kind.
func (s sellersLetter) write(kind Kind) letter {
	l := s.body(kind)
	l.language = s.Language
	l.way.URL = s.page
	l.notes = []string{s.Say("mail.why", words.Args{"Platform": s.platform()}), s.Say("mail.link", nil), s.questions()}
	if kind == Reminder {
		l.end = way{s.Say("mail.end", nil), s.end}
	}
	return l
}

func (s sellersLetter) body(kind Kind) letter {
	switch kind {
	case Connected:
		return s.connected()
	case Reminder:
		return s.reminder()
	case SwitchedOff:
		return s.switchedOff()
	case SwitchedOn:
		return s.switchedOn()
	case Disconnected:
		return s.disconnected()
	}
	return s.due()
}

// connected does not list what is due: that is a mail of its own, which often comes in the same moment.
func (s sellersLetter) connected() letter {
	l := letter{
		subject:    s.Say("mail.connected.subject", words.Args{"Platform": s.platform()}),
		paragraphs: []string{s.Say("mail.connected.text", words.Args{"Account": s.account(), "Platform": s.platform()})},
		way:        way{Words: s.Say("mail.way.page", nil)},
	}
	if !s.ready.CanTransact && !says(s.ready, account.CodeNotChecked) {
		l.paragraphs = append(l.paragraphs, s.Say("mail.connected.not_yet", nil))
	}
	return l
}

func (s sellersLetter) due() letter {
	l := letter{
		subject:    s.Say("mail.due.subject", nil),
		paragraphs: []string{s.Say("mail.due.text", words.Args{"Account": s.account()})},
		items:      s.items(),
		way:        way{Words: s.Say("mail.way.mend", nil)},
	}
	if deadline := deadlineOf(s.ready, s.now); deadline != nil {
		day := s.Day(*deadline)
		l.subject = s.Say("mail.due.subject_by", words.Args{"Day": day})
		l.after = []string{s.Say("mail.due.else_by", words.Args{"Day": day})}
	}
	if says(s.ready, account.CodeRequirementPastDue) {
		l.after = append(l.after, s.Say("mail.due.else_late", nil))
	}
	return l
}

// reminder is due's letter again, with how long there is still.
func (s sellersLetter) reminder() letter {
	l := s.due()
	if deadline := deadlineOf(s.ready, s.now); deadline != nil {
		days := int(math.Ceil(deadline.Sub(s.now).Hours() / 24))
		l.subject = s.Count("mail.reminder.subject", days, nil)
	}
	return l
}

func (s sellersLetter) switchedOff() letter {
	l := letter{
		paragraphs: []string{
			s.Sentences(s.Say("mail.off.text", words.Args{"Account": s.account()}), s.Disabled(client.Text(s.ready.Requirements.DisabledReason))),
		},
		way: way{Words: s.Say("mail.way.mend", nil)},
	}
	switch charges, payouts := ChargesOn(s.ready), PayoutsOn(s.ready); {
	case !charges && !payouts:
		l.subject = s.Say("mail.off.both", nil)
	case !charges:
		l.subject = s.Say("mail.off.charges", nil)
	default:
		l.subject = s.Say("mail.off.payouts", nil)
	}
	return s.withDue(l)
}

func (s sellersLetter) switchedOn() letter {
	l := letter{
		subject:    s.Say("mail.on.both", nil),
		paragraphs: []string{s.Say("mail.on.text", words.Args{"Account": s.account()})},
		way:        way{Words: s.Say("mail.way.page", nil)},
	}
	switch {
	case !PayoutsOn(s.ready):
		l.subject = s.Say("mail.on.charges", nil)
		l.paragraphs = append(l.paragraphs, s.Say("mail.on.without_payouts", nil))
	case !ChargesOn(s.ready):
		l.subject = s.Say("mail.on.payouts", nil)
		l.paragraphs = append(l.paragraphs, s.Say("mail.on.without_charges", nil))
	}
	return s.withDue(l)
}

func (s sellersLetter) disconnected() letter {
	return letter{
		subject: s.Say("mail.disconnected.subject", words.Args{"Platform": s.platform()}),
		paragraphs: []string{
			s.Say("mail.disconnected.text", words.Args{"Account": s.account(), "Platform": s.platform()}),
			s.Say("mail.disconnected.again", nil),
		},
		way: way{Words: s.Say("mail.way.page", nil)},
	}
}

// withDue adds what is due, where something is.
func (s sellersLetter) withDue(l letter) letter {
	if l.items = s.items(); len(l.items) > 0 {
		l.paragraphs = append(l.paragraphs, s.Say("mail.needs", nil))
		l.way = way{Words: s.Say("mail.way.mend", nil)}
	}
	return l
}

// items are what is due, in plain words, each with its deadline and why what was given did not do.
func (s sellersLetter) items() []item {
	var items []item
	for _, r := range DueOf(s.ready) {
		thing := s.Requirement(r.Requirement)
		switch {
		case account.Code(r.Code) == account.CodeRequirementPastDue:
			thing = s.Say("mail.item.late", words.Args{"Thing": thing})
		case r.Deadline != nil:
			thing = s.Say("mail.item.by", words.Args{"Thing": thing, "Day": s.Day(*r.Deadline)})
		}
		items = append(items, item{thing, s.fault(r.Requirement)})
	}
	return items
}

func (s sellersLetter) fault(requirement string) string {
	for _, e := range s.ready.Requirements.Errors {
		if e.Requirement == requirement {
			said, _ := s.Fault(e)
			return said
		}
	}
	return ""
}

func (s sellersLetter) platform() string {
	if s.looks.Name == "" {
		return s.Say("page.platform", nil)
	}
	return oneLine(s.looks.Name)
}

// account is the account's name, or its id where it has none.
func (s sellersLetter) account() string {
	if name := oneLine(client.Text(s.ready.DisplayName)); name != "" {
		return name
	}
	return client.Text(s.ready.AccountID)
}

func (s sellersLetter) questions() string {
	if s.looks.Support.URL == "" {
		return ""
	}
	return s.Say("mail.questions", words.Args{"Where": s.looks.Support.Words})
}
