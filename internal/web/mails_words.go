package web

import (
	"strconv"
	"strings"

	"github.com/connectd/connectd/internal/mail"
)

// mailedFor says why a mail is sent.
func mailedFor(m mail.Entry) string {
	switch m.Kind {
	case mail.Connected:
		return "An account was connected"
	case mail.Due:
		return "Stripe needs something more"
	case mail.Reminder:
		return "A deadline comes near"
	case mail.SwitchedOff:
		return "Stripe switched " + strings.Join(m.About, " and ") + " off"
	case mail.SwitchedOn:
		return "Stripe switched " + strings.Join(m.About, " and ") + " on"
	case mail.Disconnected:
		return "The account is no longer connected"
	case mail.Digest:
		return "The health scan found something"
	case mail.EndpointOff:
		return "An event endpoint was switched off"
	}
	return string(m.Kind)
}

// causeWay leads to what a mail tells of.
func causeWay(m mail.Entry) (words, at string) {
	switch {
	case m.Kind == mail.EndpointOff:
		return "the endpoint", endpointPath(m.Subject)
	case m.Kind == mail.Digest:
		return "the scans", "/admin/scans"
	case m.AccountID == "":
		return "", ""
	case m.Kind == mail.Reminder:
		return "what is due", accountPath(m.AccountID) + "#todo"
	case m.Position > 0:
		position := strconv.FormatInt(m.Position, 10)
		return "the change", accountPath(m.AccountID) + "?before=" + strconv.FormatInt(m.Position+1, 10) + "#change-" + position
	}
	return "the account’s history", accountPath(m.AccountID) + "#history"
}

func mailState(m mail.Entry) statusView {
	switch m.State {
	case mail.Sent:
		return statusView{"good", "Sent"}
	case mail.Dropped:
		return statusView{"plain", "Dropped"}
	case mail.Refused:
		return statusView{"bad", "Refused"}
	case mail.Failed:
		return statusView{"bad", "Failed"}
	case mail.Waiting:
		return statusView{"plain", "Waiting"}
	}
	if m.FailingSince != nil {
		return statusView{"warn", "Trying again"}
	}
	return statusView{"plain", "To be sent"}
}

// whyWords say why a mail was dropped; of others it is what the server made of them.
func whyWords(m mail.Entry) string {
	if m.State != mail.Dropped {
		return m.Why
	}
	switch m.Why {
	case mail.Unwanted:
		return "the seller has ended mails of this kind"
	case mail.Replaced:
		return "a later mail of the same cause took its place"
	case mail.NoAddress:
		return "there was no address any more"
	case mail.Untrue:
		return "what it would have told was no longer so"
	case mail.TooOld:
		return "nobody could try to send it for three days"
	}
	return "" // of before that was kept
}
