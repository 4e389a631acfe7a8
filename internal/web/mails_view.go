package web

import (
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
