package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/mail"
	"github.com/connectd/connectd/internal/words"
)

// mailsView is a page of mails.
type mailsView struct {
	paging
	Held    []string // what keeps mails from being sent
	Counts  mail.Counts
	Tabs    []mailTab
	Kinds   []option
	State   string // that is asked for; ""
	Seller  string // whose mails are asked for; ""
	Known   mail.SellersMail
	Active  bool // something is left out
	Rows    []mailRow
	LiveURL string
	Notice  string

	view address
}

func (mailsView) template() string { return "mails" }

// mailTab shows the mails of one state.
type mailTab struct {
	ID, Words, URL string
	Count          string // ""
	Current        bool
}

// mailRow is one mail in words.
type mailRow struct {
	ID                 string // "": it waits, and is no mail yet
	SellerID           string // "": it is to admins
	SellerURL          string // the seller's mails
	AccountURL         string // ""
	Language           string // ""
	Kind               string
	Cause              string // why it is sent
	CauseWay, CauseURL string // what leads to the cause; ""
	State              statusView
	Why                string // why it was not sent, or not yet; ""
	Made               time.Time
	Until              *time.Time // it waits until then
	Settled            *time.Time
	FailingSince       *time.Time
	Again              bool // it can be made anew
}

func newMailRow(m mail.Entry) mailRow {
	row := mailRow{
		ID: m.ID, SellerID: m.SellerID, Kind: string(m.Kind), Cause: mailedFor(m), State: mailState(m), Made: m.CreatedAt, Settled: m.SettledAt,
		FailingSince: m.FailingSince, Why: whyWords(m), Again: !m.Anew && (m.State == mail.Refused || m.State == mail.Failed), Language: languageName(m.Language),
	}
	if m.SellerID != "" {
		row.SellerURL = mailsTo(m.SellerID)
	}
	if m.AccountID != "" {
		row.AccountURL = accountPath(m.AccountID)
	}
	row.CauseWay, row.CauseURL = causeWay(m)
	return row
}

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

func languageName(tag string) string {
	for _, l := range words.Languages() {
		if l.Tag() == tag {
			return l.Name()
		}
	}
	return tag
}

// held says what keeps mails from being sent.
func (s *site) held() []string {
	var held []string
	if !s.Mails.Server {
		held = append(held, "Nothing is mailed: CONNECTD_SMTP_URL names no mail server.")
	}
	if len(s.Mails.Off) > 0 {
		held = append(held, "Not sent, by CONNECTD_MAIL_OFF: "+listed(s.Mails.Off)+".")
	}
	if s.Mails.Server && !s.Mails.Admin {
		held = append(held, "Admins are mailed nothing: CONNECTD_ADMIN_EMAIL is not set.")
	}
	return held
}

func listed(kinds []mail.Kind) string {
	texts := make([]string, len(kinds))
	for i, kind := range kinds {
		texts[i] = string(kind)
	}
	return strings.Join(texts, ", ")
}

// addChoices adds what else there is to see.
func (v *mailsView) addChoices() {
	v.State, v.Active = v.view.get("state"), v.view.narrows(mailFilters...)
	v.Kinds = []option{{Value: "", Words: "any"}}
	for _, kind := range mail.Kinds() {
		v.Kinds = append(v.Kinds, option{Value: string(kind), Words: causeShort(kind)})
	}
	choose(v.Kinds, v.view.get("kind"))
	v.Tabs = []mailTab{v.tab("", "All", "")}
	for _, t := range []struct {
		state mail.State
		words string
		count string
	}{
		{mail.Open, "To be sent", numberTo(int64(v.Counts.Open), mail.CountedAtMost)},
		{mail.Waiting, "Waiting for a day", numberTo(int64(v.Counts.Waiting), mail.CountedAtMost)},
		{mail.Sent, "Sent", ""},
		{mail.Dropped, "Dropped", ""},
		{mail.Refused, "Refused", ""},
		{mail.Failed, "Failed", ""},
	} {
		v.Tabs = append(v.Tabs, v.tab(t.state, t.words, t.count))
	}
}

// causeShort names a kind in a list of them.
func causeShort(kind mail.Kind) string { return strings.ReplaceAll(string(kind), "_", " ") }

func (v *mailsView) tab(state mail.State, words, count string) mailTab {
	return mailTab{
		ID: "tab-" + string(state), Words: words, Count: count, Current: v.State == string(state),
		URL: v.view.with(cursorParam, "").with("state", string(state)).String(),
	}
}
