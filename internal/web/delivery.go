package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/notify"
)

func deliveryPath(id string) string { return deliveriesPath + "/" + url.PathEscape(id) }

// showDelivery is a delivery with its attempts. While it waits, a page that shows it asks again and again what came of it.
func (s *site) showDelivery(w http.ResponseWriter, r *http.Request) {
	d, body, err := s.Endpoints.Delivery(r.Context(), idOf(r))
	if err != nil {
		s.deliveryProblem(w, r, err)
		return
	}
	liveURL, changed := follow(w, r, pageAt(deliveryPath(d.ID)), versionOfDelivery(d))
	if !changed {
		return
	}
	v := newDeliveryView(d, body)
	v.LiveURL, v.Notice = liveURL, s.notice(r)
	s.render(w, r, http.StatusOK, v)
}

// versionOfDelivery is another after each attempt, and where somebody has it sent again.
func versionOfDelivery(d notify.Delivered) int64 {
	state := slices.Index(notify.States(), d.State) + 1
	if d.Off {
		state += len(notify.States())
	}
	return int64(d.Round)*1_000_000 + int64(len(d.Attempts))*100 + int64(state)
}

// redeliver has it sent again at once.
func (s *site) redeliver(w http.ResponseWriter, r *http.Request) {
	id := idOf(r)
	_, err := s.Endpoints.Redeliver(r.Context(), id, s.actor(r))
	e, ok := errors.AsType[*account.Error](err)
	notice := "It is sent again, with the id that it had: who has handled it already passes over it."
	switch {
	case err != nil && (!ok || e.Kind != account.Conflict):
		s.deliveryProblem(w, r, err)
		return
	case err != nil:
		notice = "Not sent: " + e.Message
	}
	s.sessions.Put(r.Context(), noticeKey, notice)
	seeOther(w, deliveryPath(id))
}

func (s *site) deliveryProblem(w http.ResponseWriter, r *http.Request, err error) {
	s.problem(w, r, err, problemView{
		Title: "No delivery to show", Ways: []way{linkTo("Show all deliveries", deliveriesPath)},
	})
}

// deliveryView is a delivery's page.
type deliveryView struct {
	deliveryRow
	EventID, EventURL     string
	AccountID, AccountURL string // ""
	Verdict               string
	Round                 int
	Tried                 []attemptView // newest first
	Why                   string        // why it can't be sent again; ""
	Body, Raw             string        // for people, and as it was sent
	LiveURL               string
	Notice                string
}

func (deliveryView) template() string { return "delivery" }

// attemptView is one attempt.
type attemptView struct {
	N      int
	At     time.Time
	Status string // "": no answer came
	Words  string
	Good   bool
}

func newDeliveryView(d notify.Delivered, body string) deliveryView {
	v := deliveryView{
		deliveryRow: newDeliveryRow(d), EventID: d.EventID, EventURL: pageAt(deliveriesPath).with("event", d.EventID).String(),
		AccountID: d.AccountID, Verdict: deliveryVerdict(d), Round: d.Round, Tried: attemptViews(d.Attempts), Why: whyNotAgain(d),
		Raw: body, Body: indented(body),
	}
	if d.AccountID != "" {
		v.AccountURL = accountPath(d.AccountID)
	}
	return v
}

func attemptViews(attempts []client.DeliveryAttempt) []attemptView {
	views := make([]attemptView, len(attempts))
	for i, a := range attempts {
		v := attemptView{N: i + 1, At: a.At, Words: client.Text(a.Error), Good: a.Error == nil}
		if a.Status != nil {
			v.Status = fmt.Sprint(*a.Status)
		}
		views[len(attempts)-1-i] = v
	}
	return views
}

// deliveryVerdict is how the delivery stands, in a sentence.
func deliveryVerdict(d notify.Delivered) string {
	n := len(d.Attempts)
	switch {
	case d.State == "delivered":
		return fmt.Sprintf("The endpoint took it at attempt %d.", n)
	case d.State == "failed" && n == 0:
		return "It was never sent: the endpoint was switched off or deleted before."
	case d.State == "failed" && d.URL == "":
		return "It failed, and its endpoint is deleted."
	case d.State == "failed":
		return "It failed, and is not tried again by itself: " + attemptWords(d.Attempts[n-1]) + "."
	case d.URL == "":
		return "It is not sent: its endpoint was deleted."
	case d.Off:
		return "It is not sent: its endpoint is switched off."
	case d.Tries == 0 && d.Round > 1:
		return "It is being sent again."
	case d.Tries == 0:
		return "It waits for its first attempt."
	}
	return "Not taken yet: " + attemptWords(d.Attempts[n-1]) + ". It is tried again by itself."
}

func whyNotAgain(d notify.Delivered) string {
	switch {
	case d.URL == "":
		return "Its endpoint was deleted: there is nowhere to send it to."
	case d.Off:
		return "Its endpoint is switched off: enable that first."
	}
	return ""
}

// indented is JSON with a line for each value; what is none stays as it is.
func indented(body string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(body), "", "  ") != nil {
		return body
	}
	return b.String()
}
