package faults

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// began is when the made-up reports begin, in minutes from which their moments are written.
var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return began.Add(d) }

// wholeReport is one of which every check is content: an account, a seller, and what becomes of them.
func wholeReport() Report {
	able := Facts{
		Connected: true, ChargesEnabled: true, PayoutsEnabled: true, DetailsSubmitted: true, Country: "IE", Currency: "eur",
		PastDue: []string{}, Capabilities: map[string]string{"card_payments": "active"},
	}
	return Report{
		Run:    Run{At: began, Seed: 1, For: time.Hour, Faults: []string{"a cut"}, People: []string{"seller"}, Acts: []string{"code", "product", "recheck"}},
		Faults: []Fault{{Name: "a cut", From: at(50 * time.Minute), Until: at(51 * time.Minute)}},
		Calls: []Call{
			{Who: "seller", What: "way back", Outcome: OK, Status: 303, Effect: "code c1"},
			{Who: "seller", What: "link", Outcome: Unknown, Effect: "link l1"},
			{Who: "operator", What: "operator-0: recheck", Outcome: OK},
			{Who: "payer", What: "pay", Outcome: OK, Account: "acct_1", Effect: "sale cs_1"},
			{Who: "payer", What: "product", Outcome: OK, Status: 201, Account: "acct_gone", Effect: "product order-1", Made: "prod_1"},
			{Who: "payer", What: "product", Outcome: OK, Status: 201, Account: "acct_gone", Effect: "product order-1", Made: "prod_1"},
		},
		Exchanges:  []Exchange{{At: at(0), Code: "c1", Status: 200, Account: "acct_1"}, {At: at(0), Code: "c2"}},
		Truths:     []Truth{{At: at(0), Account: "acct_1", No: true}, {At: at(time.Minute), Account: "acct_1"}},
		Yeses:      []Yes{{Who: "p", Account: "acct_1", Seller: "s1", From: at(-time.Minute), Until: at(2 * time.Second)}},
		Deliveries: []Delivery{{Event: "evt_1", Type: "account.updated"}},
		Told:       []Told{{ID: "e1", Type: "seller.connected", Sequence: 1, Taken: true}, {ID: "e1", Type: "seller.connected", Sequence: 1}},
		Mails:      []Mail{{At: at(40 * time.Minute), ID: "m1", To: "s1@shop.example"}, {At: at(41 * time.Minute), ID: "m2", To: "s1@shop.example"}},
		Entries:    []Entry{{Who: "f", Position: 1}, {Who: "g", Position: 1}, {Who: "f", Position: 2}},
		Accounts: []Account{
			{ID: "acct_1", Here: able, Stripe: able, Holds: "s1", Tells: "acct_1", May: true, Looked: at(0), DueAt: at(-10 * time.Second)},
			{ID: "acct_gone"},
		},
		Copies:  []Copy{{Who: "p", Seller: "s1", Has: json.RawMessage(`{"a":1,"b":2}`), Server: json.RawMessage(`{"b":2, "a":1}`)}},
		Answers: []Answer{{Who: "p", Seller: "s1", Account: "acct_1", Yes: true}},
		Stored: map[string]int{
			"event evt_1": 1, "code c1": 1, "sale cs_1": 1, "change evt_1": 1, "delivered e1": 1, "mailed m1": 1,
			"connected acct_1": 1, "connected acct_lost": 1,
		},
		Feed: &Feed{Position: 2, Entries: 2, First: 1, Changed: 1, Told: 1},
	}
}

func TestEveryCheckIsContentWithWhatIsRight(t *testing.T) {
	t.Parallel()
	if broken := Judge(wholeReport()); len(broken) > 0 {
		t.Error(broken)
	}
}

// TestEachCheckSeesWhatItIsFor spoils a report in one place at a time: the check that is for it has to say so, and no other.
func TestEachCheckSeesWhatItIsFor(t *testing.T) {
	t.Parallel()
	for _, spoilt := range []struct {
		check, how string
		spoil      func(*Report)
	}{
		{"AccountsEqualStripe", "Stripe has switched charges off", func(r *Report) {
			r.Accounts[0].Stripe.ChargesEnabled, r.Accounts[0].May, r.Answers[0].Yes = false, false, false
		}},
		{"AccountsEqualStripe", "something more is past due", func(r *Report) { r.Accounts[0].Stripe.PastDue = []string{"external_account"} }},
		{"AccountsEqualStripe", "Stripe says that it is gone", func(r *Report) { r.Accounts[0].Stripe, r.Answers[0].Yes = Facts{}, false }},
		{"AccountsEqualStripe", "Stripe says that it is still there", func(r *Report) { r.Accounts[1].Stripe.Connected = true }},
		{"AccountsEqualStripe", "nobody holds it", func(r *Report) { r.Accounts[0].Holds = "" }},
		{"AccountsEqualStripe", "its seller's readiness is another's", func(r *Report) { r.Accounts[0].Tells = "acct_2" }},
		{"AccountsEqualStripe", "its seller is refused", func(r *Report) { r.Accounts[0].May = false }},
		{"AccountsEqualStripe", "its seller may, though both know that it can't", func(r *Report) {
			r.Accounts[0].Here.PayoutsEnabled, r.Accounts[0].Stripe.PayoutsEnabled, r.Answers[0].Yes = false, false, false
		}},
		{"AccountsEqualStripe", "one that Stripe granted is unknown here", func(r *Report) {
			r.Exchanges[1].Status, r.Exchanges[1].Account, r.Stored["code c2"] = 200, "acct_lost", 1
		}},
		{"AccountsEqualStripe", "one more is unknown here than answers were lost", func(r *Report) { r.Stored["connected acct_2"] = 1 }},
		{"AccountsEqualStripe", "one is unknown here, and Stripe refused the code", func(r *Report) { r.Exchanges[1].Status = 400 }},
		{"EveryOKIsStored", "a webhook is lost", func(r *Report) { delete(r.Stored, "event evt_1") }},
		{"EveryOKIsStored", "a code's grant is lost", func(r *Report) { delete(r.Stored, "code c1") }},
		{"EveryOKIsStored", "a grant that nobody was told of is lost", func(r *Report) {
			r.Exchanges = append(r.Exchanges, Exchange{At: at(0), Code: "c3", Status: 200})
		}},
		{"EveryOKIsStored", "a product is lost", func(r *Report) { r.Calls[4].Account = "acct_1" }},
		{"EffectsOnce", "an event changed its account twice", func(r *Report) { r.Stored["change evt_1"] = 2 }},
		{"EffectsOnce", "a product is there twice", func(r *Report) { r.Stored["product order-1"] = 2 }},
		{"EffectsOnce", "a product came as two", func(r *Report) { r.Calls[5].Made = "prod_2" }},
		{"EffectsOnce", "a sale has two ids", func(r *Report) { r.Stored["sale cs_1"] = 2 }},
		{"EffectsOnce", "a code was presented twice", func(r *Report) { r.Exchanges[1].Code = "c1" }},
		{"EffectsOnce", "a change was told under two ids", func(r *Report) { r.Told[1].ID = "e2" }},
		{"EffectsOnce", "an id told of two changes", func(r *Report) { r.Told[1].Sequence = 2 }},
		{"ChangesAreTold", "a change was not told", func(r *Report) { r.Feed.Told = 0 }},
		{"ChangesAreTold", "a delivery waits", func(r *Report) { r.Feed.Pending = 1 }},
		{"ChangesAreTold", "what is recorded as delivered did not come", func(r *Report) { r.Told[0].Taken = false }},
		{"EffectsOnce", "a seller was mailed twice", func(r *Report) { r.Stored["mail connected to s1"] = 2 }},
		{"EffectsOnce", "a mail came twice", func(r *Report) { r.Mails[1].ID = "m1" }},
		{"EffectsOnce", "a mail came twice, and a fault was over long before", func(r *Report) {
			r.Faults = append(r.Faults, Fault{Name: "a full disk", From: at(39 * time.Minute), Until: at(39*time.Minute + 30*time.Second)})
			r.Mails[1].ID = "m1"
		}},
		{"ChangesAreTold", "a mail did not come", func(r *Report) { r.Stored["mailed m3"] = 1 }},
		{"ChangesAreTold", "a sale was not told", func(r *Report) { delete(r.Stored, "sale cs_1") }},
		{"PositionsDense", "a position is missing", func(r *Report) { r.Feed.Position = 3 }},
		{"PositionsDense", "the first is missing", func(r *Report) { r.Feed.First = 2 }},
		{"PositionsDense", "a follower was not given one", func(r *Report) { r.Entries[2].Position = 3 }},
		{"PositionsDense", "a follower was given one twice", func(r *Report) { r.Entries[2].Position = 1 }},
		{"ReplicasEqualServer", "a row differs", func(r *Report) { r.Copies[0].Has = json.RawMessage(`{"a":1,"b":3}`) }},
		{"NoDueDateMissed", "one is overdue", func(r *Report) { r.Accounts[0].DueAt = at(-time.Hour) }},
		{"NoDueDateMissed", "one is never due", func(r *Report) { r.Accounts[0].DueAt = time.Time{} }},
		{"NoDueDateMissed", "one is held back", func(r *Report) { r.Accounts[0].HeldBack = true }},
		{"NoLongYes", "a yes went on", func(r *Report) { r.Yeses[0].Until = at(30 * time.Second) }},
		{"NoLongYes", "a yes came back", func(r *Report) { r.Yeses[0].From, r.Yeses[0].Until = at(20*time.Second), at(25*time.Second) }},
		{"NoLongYes", "a yes went on where nothing tells of the no", func(r *Report) {
			r.Truths[0].Silent, r.Truths[1].At, r.Yeses[0].Until = true, at(time.Hour), at(2*time.Minute)
		}},
		{"NoLongYes", "a yes outlived a fault for too long", func(r *Report) {
			r.Faults[0].From, r.Faults[0].Until = at(time.Second), at(5*time.Second)
			r.Truths[1].At, r.Yeses[0].Until = at(time.Hour), at(91*time.Second)
		}},
		{"NoLongYes", "a yes outlived many faults at once for too long", func(r *Report) {
			for range 10 {
				r.Faults = append(r.Faults, Fault{Name: "a cut", From: at(time.Second), Until: at(5 * time.Second)})
			}
			r.Truths[1].At, r.Yeses[0].Until = at(time.Hour), at(91*time.Second)
		}},
		{"NoLongYes", "a yes of an account that has gone outlived a fault for too long", func(r *Report) {
			r.Faults[0].From, r.Faults[0].Until = at(time.Second), at(5*time.Second)
			r.Truths[0].Gone, r.Truths[1].At, r.Yeses[0].Until = true, at(time.Hour), at(91*time.Second)
		}},
		{"NoLongYes", "a yes of an account that has gone outlived a fault for too long, and what confirms it", func(r *Report) {
			r.Faults[0].From, r.Faults[0].Until = at(time.Second), at(5*time.Second)
			r.Truths[0].Gone, r.Truths[1].At, r.Yeses[0].Until, r.Stored["tie acct_1"] = true, at(time.Hour), at(280*time.Second), 1
		}},
		{"NoLongYes", "a yes of an account that has gone went on in a calm", func(r *Report) {
			r.Truths[0].Gone, r.Yeses[0].Until, r.Stored["tie acct_1"] = true, at(30*time.Second), 1
		}},
		{"NoLongYes", "a yes went on while the no was said again and again", func(r *Report) {
			r.Truths, r.Yeses[0].Until = saidAgain(time.Minute, Truth{No: true}), at(30*time.Second)
		}},
		{"NoLongYes", "a yes went on while a no that nothing told of was said again and again", func(r *Report) {
			r.Truths, r.Yeses[0].Until = saidAgain(2*time.Minute, Truth{No: true, Silent: true}), at(90*time.Second)
		}},
		{"NoLongYes", "a yes stands in the end", func(r *Report) { r.Answers[0].Account = "acct_gone" }},
		{"NoLongYes", "a yes of nobody's stands in the end", func(r *Report) { r.Answers[0].Account = "" }},
		{"EnoughHappened", "a fault was not done", func(r *Report) { r.Faults[0].Name = "another" }},
		{"EnoughHappened", "a person got nothing done", func(r *Report) { r.Run.People = append(r.Run.People, "buyer") }},
		{"EnoughHappened", "a person did nothing but look", func(r *Report) { r.Calls[2].What = "operator-0: account" }},
		{"EnoughHappened", "an act was refused each time", func(r *Report) { r.Calls[2].Outcome = Refused }},
		{"EnoughHappened", "an act was never done", func(r *Report) { r.Run.Acts = append(r.Run.Acts, "held") }},
		{"EnoughHappened", "nobody followed", func(r *Report) { r.Entries = nil }},
	} {
		t.Run(spoilt.check+"/"+spoilt.how, func(t *testing.T) {
			t.Parallel()
			r := wholeReport()
			spoilt.spoil(&r)
			broken := Judge(r)
			if len(broken) == 0 {
				t.Fatal("nobody says so")
			}
			for _, sentence := range broken {
				if !strings.HasPrefix(sentence, spoilt.check+": ") {
					t.Errorf("it is not what %s is for: %s", spoilt.check, sentence)
				}
			}
		})
	}
}

// TestWhatABoundAllows: as long as it says, and for as long again as a fault takes; and what comes after the no has ended.
func TestWhatABoundAllows(t *testing.T) {
	t.Parallel()
	for how, change := range map[string]func(*Report){
		"a yes of that age":            func(r *Report) { r.Yeses[0].Until = at(toldBound.calm) },
		"one of an account found late": func(r *Report) { r.Truths[0].Silent, r.Yeses[0].Until = true, at(silentBound.calm) },
		"one that a fault kept": func(r *Report) {
			r.Faults[0].From, r.Faults[0].Until = at(10*time.Second), at(20*time.Second)
			r.Yeses[0].Until, r.Truths[1].At = at(toldBound.calm+toldBound.after+10*time.Second), at(time.Hour)
		},
		"one of an account that has gone, where what confirms it failed": func(r *Report) {
			r.Faults[0].From, r.Faults[0].Until = at(time.Second), at(5*time.Second)
			r.Truths[0].Gone, r.Truths[1].At, r.Yeses[0].Until, r.Stored["tie acct_1"] = true, at(time.Hour), at(4*time.Minute), 1
		},
		"a yes after a change that ended the no": func(r *Report) {
			first := Truth{At: at(-10 * time.Second), Account: "acct_1", No: true}
			r.Truths, r.Yeses[0].Until = append([]Truth{first}, saidAgain(20*time.Second, Truth{})...), at(40*time.Second)
		},
		"one of a no that is said again with an event": func(r *Report) {
			first := Truth{At: at(0), Account: "acct_1", No: true, Silent: true}
			r.Truths, r.Yeses[0].Until = append([]Truth{first}, saidAgain(time.Minute, Truth{No: true})...), at(50*time.Second)
		},
		"an account that a seller could not have": func(r *Report) {
			r.Stored["connected acct_2"], r.Stored["declined acct_2"] = 1, 1
		},
		"a mail that comes again since a fault took the answer": func(r *Report) {
			r.Faults = append(r.Faults, Fault{Name: "a full disk", From: at(39 * time.Minute), Until: at(40*time.Minute - 5*time.Second)})
			r.Mails[1].ID = "m1"
		},
		"an account of which a fault took the answer": func(r *Report) {
			r.Faults = append(r.Faults, Fault{Name: "kill -9 of a replica", From: at(9 * time.Second), Until: at(10 * time.Second)})
			r.Exchanges[1].Status, r.Exchanges[1].Account = 200, "acct_lost"
		},
		"a yes after the no": func(r *Report) { r.Yeses[0].From, r.Yeses[0].Until = at(2*time.Minute), at(time.Hour) },
		"a yes of another":   func(r *Report) { r.Yeses[0].Account, r.Yeses[0].Until = "acct_2", at(time.Hour) },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			r := wholeReport()
			change(&r)
			if broken := Judge(r); len(broken) > 0 {
				t.Error(broken)
			}
		})
	}
}

// saidAgain is the same said of the account every ten seconds, each time after a change.
func saidAgain(whole time.Duration, said Truth) (truths []Truth) {
	for since := time.Duration(0); since < whole; since += 10 * time.Second {
		said.At, said.Account = at(since+100*time.Millisecond), "acct_1"
		truths = append(truths, Truth{At: at(since), Account: "acct_1", Open: true}, said)
	}
	return truths
}

func TestARecordIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "report.jsonl")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	record, want := NewRecorder(file), wholeReport()
	for _, l := range linesOf(want) {
		record.Add(l)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	written, err := record.Report()
	if err != nil {
		t.Fatal(err)
	}
	read, err := ReadReport(path)
	if err != nil {
		t.Fatal(err)
	}
	if broken := Judge(read); !reflect.DeepEqual(written, want) || len(broken) > 0 || len(read.Calls) != len(want.Calls) {
		t.Errorf("recorded %+v\nread %+v\nof %+v\nwhich breaks %v", written, read, want, broken)
	}
}

func TestARecordThatCanNotBeReadIsNotJudged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "report.jsonl")
	if err := os.WriteFile(path, []byte("{\"run\":{}}\n{\"call\":"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadReport(path); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("it was read: %v", err)
	}
}

func linesOf(r Report) []Line {
	lines := []Line{{Run: &r.Run}, {Feed: r.Feed}}
	for effect, n := range r.Stored {
		lines = append(lines, Line{Stored: &Stored{effect, n}})
	}
	return slices.Concat(
		lines,
		each(r.Faults, func(f *Fault) Line { return Line{Fault: f} }),
		each(r.Calls, func(c *Call) Line { return Line{Call: c} }),
		each(r.Exchanges, func(e *Exchange) Line { return Line{Exchange: e} }),
		each(r.Truths, func(t *Truth) Line { return Line{Truth: t} }),
		each(r.Yeses, func(y *Yes) Line { return Line{Yes: y} }),
		each(r.Deliveries, func(d *Delivery) Line { return Line{Delivery: d} }),
		each(r.Told, func(t *Told) Line { return Line{Told: t} }),
		each(r.Mails, func(m *Mail) Line { return Line{Mail: m} }),
		each(r.Entries, func(e *Entry) Line { return Line{Entry: e} }),
		each(r.Accounts, func(a *Account) Line { return Line{Account: a} }),
		each(r.Copies, func(c *Copy) Line { return Line{Copy: c} }),
		each(r.Answers, func(a *Answer) Line { return Line{Answer: a} }),
	)
}

func each[T any](of []T, line func(*T) Line) (lines []Line) {
	for i := range of {
		lines = append(lines, line(&of[i]))
	}
	return lines
}
