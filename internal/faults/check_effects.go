package faults

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// everyOKIsStored: what connectd said yes to is there, whoever was told: a webhook answered 200, a link, a code, an end, a new
// holder; and what it made at Stripe.
func everyOKIsStored(r Report) (broken []string) {
	for _, d := range r.Deliveries {
		if r.Stored["event "+d.Event] == 0 {
			broken = append(broken, fmt.Sprintf("webhook %s (%s) was answered 200 and is not stored", d.Event, d.Type))
		}
	}
	connected := connectedIn(r)
	for _, c := range r.Calls {
		kind, _, _ := strings.Cut(c.Effect, " ")
		switch {
		case c.Outcome != OK || c.Effect == "" || kind == "sale":
		case kind == "product" && !connected[c.Account]: // Stripe shows it to nobody here
		case r.Stored[c.Effect] == 0:
			broken = append(broken, fmt.Sprintf("%s was answered %d to %q at %v: there is no %s", c.Who, c.Status, c.What, c.From, c.Effect))
		}
	}
	return append(broken, grantsAreStored(r)...)
}

// cuts are the faults that may end something between an answer and its row.
var cuts = []string{
	"kill -9 of a replica", "a rolling restart", "a link that is cut", "a slow link", "a half-open link", "kill -9 of Postgres", "a full disk",
}

// isCut tells whether a fault may have ended what somebody was asked for at a moment: the answer comes 3 s later where Stripe is slow, and
// a busy machine takes a second or two to store it.
func isCut(faults []Fault, at time.Time) bool {
	return slices.ContainsFunc(faults, func(f Fault) bool {
		return slices.Contains(cuts, f.Name) && f.From.Before(at.Add(10*time.Second)) && f.Until.After(at)
	})
}

// grantsAreStored: what Stripe granted is there, whatever the seller was told.
func grantsAreStored(r Report) (broken []string) {
	for _, e := range r.Exchanges {
		if e.Status == 200 && !isCut(r.Faults, e.At) && r.Stored["code "+e.Code] == 0 {
			broken = append(broken, fmt.Sprintf("Stripe granted code %s at %v: it is not stored", e.Code, e.At))
		}
	}
	return broken
}

// effectsOnce: an event changes an account once, a code is presented once, what is told has one id however often it comes, and
// a sale is told once; nobody is mailed twice in a day about one thing, and a mail is sent again only where a fault may have kept
// connectd from knowing that it was taken.
func effectsOnce(r Report) (broken []string) {
	broken = append(broken, exchangedOnce(r.Exchanges)...)
	broken = append(broken, toldOnce(r.Told)...)
	broken = append(broken, mailedOnce(r)...)
	broken = append(broken, madeOnce(r.Calls)...)
	for _, effect := range slices.Sorted(maps.Keys(r.Stored)) {
		kind, _, _ := strings.Cut(effect, " ")
		if n := r.Stored[effect]; n > 1 && slices.Contains([]string{"change", "sale", "told", "product", "mail"}, kind) {
			broken = append(broken, fmt.Sprintf("%s is there %d times", effect, n))
		}
	}
	return broken
}

func exchangedOnce(exchanges []Exchange) (broken []string) {
	times := map[string]int{}
	for _, e := range exchanges {
		times[e.Code]++
	}
	for _, code := range slices.Sorted(maps.Keys(times)) {
		if times[code] > 1 {
			broken = append(broken, fmt.Sprintf("code %s was presented to Stripe %d times", code, times[code]))
		}
	}
	return broken
}

// mailedOnce: SMTP has no key by which a server knows a repeat, so that one follows where a fault came between the server's answer and
// the row; what fails of Postgres may do so a while after the fault.
func mailedOnce(r Report) (broken []string) {
	last := map[string]Mail{}
	for _, m := range r.Mails {
		former, isAgain := last[m.ID]
		mayRepeat := former.At.IsZero() || isCut(r.Faults, former.At) || isCut(r.Faults, former.At.Add(-10*time.Second))
		if isAgain && !mayRepeat {
			broken = append(broken, fmt.Sprintf("mail %s to %s was taken at %v, and once more at %v", m.ID, m.To, former.At, m.At))
		}
		last[m.ID] = m
	}
	return broken
}

// madeOnce: whoever repeats a request for a product with its Idempotency-Key is answered the same one.
func madeOnce(calls []Call) (broken []string) {
	made := map[string]string{}
	for _, c := range calls {
		if c.Outcome != OK || c.Made == "" || !strings.HasPrefix(c.Effect, "product ") {
			continue
		}
		if former, isAgain := made[c.Effect]; isAgain && former != c.Made {
			broken = append(broken, fmt.Sprintf("%s was answered as %s and as %s", c.Effect, former, c.Made))
		}
		made[c.Effect] = c.Made
	}
	return broken
}

func toldOnce(told []Told) (broken []string) {
	about, ids := map[string]string{}, map[string]string{}
	for _, t := range told {
		what := fmt.Sprintf("%s of position %d", t.Type, t.Sequence)
		if t.About != "" {
			what = t.Type + " " + t.About
		}
		if former, ok := about[t.ID]; ok && former != what {
			broken = append(broken, fmt.Sprintf("event %s told of %s, and of %s", t.ID, former, what))
		}
		if former, ok := ids[what]; ok && former != t.ID {
			broken = append(broken, fmt.Sprintf("%s was told as %s and as %s", what, former, t.ID))
		}
		about[t.ID], ids[what] = what, t.ID
	}
	return broken
}

// changesAreTold: connectd's own events have come as far as the feed, each delivery that is recorded as made was taken by the
// receiver, and a sale on an account that is still connected was told.
func changesAreTold(r Report) (broken []string) {
	if r.Feed == nil {
		return []string{"nothing was recorded of the feed"}
	}
	if r.Feed.Told < r.Feed.Changed || r.Feed.Pending > 0 {
		broken = append(broken, fmt.Sprintf("the last change is at %d, told is %d; %d deliveries are pending", r.Feed.Changed, r.Feed.Told, r.Feed.Pending))
	}
	taken := map[string]bool{}
	for _, t := range r.Told {
		taken[t.ID] = taken[t.ID] || t.Taken
	}
	mailed := map[string]bool{}
	for _, m := range r.Mails {
		mailed[m.ID] = true
	}
	for _, effect := range slices.Sorted(maps.Keys(r.Stored)) {
		if id, delivered := strings.CutPrefix(effect, "delivered "); delivered && !taken[id] {
			broken = append(broken, fmt.Sprintf("event %s is recorded as delivered, and the receiver did not take it", id))
		}
		if id, sent := strings.CutPrefix(effect, "mailed "); sent && !mailed[id] {
			broken = append(broken, fmt.Sprintf("mail %s is recorded as sent, and the mail server did not take it", id))
		}
	}
	return append(broken, salesAreTold(r)...)
}

// salesAreTold: no account is connected twice here, so that one that is connected in the end was all the time.
func salesAreTold(r Report) (broken []string) {
	connected := connectedIn(r)
	for _, c := range r.Calls {
		if strings.HasPrefix(c.Effect, "sale ") && c.Outcome == OK && connected[c.Account] && r.Stored[c.Effect] == 0 {
			broken = append(broken, fmt.Sprintf("the %s on %s was not told", c.Effect, c.Account))
		}
	}
	return broken
}

func connectedIn(r Report) map[string]bool {
	connected := map[string]bool{}
	for _, a := range r.Accounts {
		connected[a.ID] = a.Here.Connected
	}
	return connected
}
