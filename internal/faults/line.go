package faults

import (
	"encoding/json"
	"time"
)

// Line is one thing that happened, or one that was found in the end. One of its fields is set.
type Line struct {
	Run      *Run      `json:"run,omitempty"`
	Fault    *Fault    `json:"fault,omitempty"`
	Call     *Call     `json:"call,omitempty"`
	Exchange *Exchange `json:"exchange,omitempty"`
	Truth    *Truth    `json:"truth,omitempty"`
	Yes      *Yes      `json:"yes,omitempty"`
	Delivery *Delivery `json:"delivery,omitempty"`
	Told     *Told     `json:"told,omitempty"`
	Mail     *Mail     `json:"mail,omitempty"`
	Entry    *Entry    `json:"entry,omitempty"`
	Account  *Account  `json:"account,omitempty"`
	Copy     *Copy     `json:"copy,omitempty"`
	Answer   *Answer   `json:"answer,omitempty"`
	Stored   *Stored   `json:"stored,omitempty"`
	Feed     *Feed     `json:"feed,omitempty"`
}

// Run is the beginning: what it takes to have the same choices again.
type Run struct {
	At   time.Time     `json:"at"`
	Seed uint64        `json:"seed"`
	For  time.Duration `json:"for"`
	// Faults are those that have to happen, People who has to have something done, and Acts what, each by the kind of its effect.
	Faults []string `json:"faults"`
	People []string `json:"people"`
	Acts   []string `json:"acts"`
}

// Fault is one that was done, and undone.
type Fault struct {
	Name  string    `json:"name"`
	On    string    `json:"on,omitempty"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// Outcome is what somebody knows of what they asked.
type Outcome string

// An unknown one may have happened.
const (
	OK      Outcome = "ok"
	Refused Outcome = "refused"
	Unknown Outcome = "unknown"
)

// Call is what somebody asked of connectd, and got. Effect is what has to be stored where it was OK.
type Call struct {
	Who     string    `json:"who"`
	What    string    `json:"what"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
	Outcome Outcome   `json:"outcome"`
	Status  int       `json:"status,omitempty"`
	Account string    `json:"account,omitempty"`
	Effect  string    `json:"effect,omitempty"`
	Made    string    `json:"made,omitempty"` // the id of what was answered
	Says    string    `json:"says,omitempty"` // a refusal's words
}

// Exchange is a code that was presented to Stripe, and what Stripe answered; 0 where the answer was lost.
type Exchange struct {
	At      time.Time `json:"at"`
	Code    string    `json:"code"`
	Status  int       `json:"status"`
	Account string    `json:"account,omitempty"` // that was connected by it
}

// Truth is what Stripe says of an account from a moment on. It is open while a change is under way: Stripe may say either then.
type Truth struct {
	At      time.Time `json:"at"`
	Account string    `json:"account"`
	Open    bool      `json:"open,omitempty"`
	No      bool      `json:"no"`
	Gone    bool      `json:"gone,omitempty"`   // it is connected no more
	Silent  bool      `json:"silent,omitempty"` // no event tells of it
}

// Yes is how long somebody was told, each time they asked, that an account's seller may transact.
type Yes struct {
	Who     string    `json:"who"`
	Account string    `json:"account"`
	Seller  string    `json:"seller"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
}

// Delivery is a webhook of Stripe's that connectd answered 200, as the sandbox says.
type Delivery struct {
	Event string `json:"event"`
	Type  string `json:"type"`
}

// Told is an event of connectd's own that came to a receiver.
type Told struct {
	At       time.Time `json:"at"`
	ID       string    `json:"id"`
	Type     string    `json:"type"`
	Sequence int64     `json:"sequence"`
	About    string    `json:"about"` // what there is one event of: the session of a sale
	Taken    bool      `json:"taken"` // answered 2xx
}

// Mail is one that the mail server took. ID is what its Message-ID begins with.
type Mail struct {
	At time.Time `json:"at"`
	ID string    `json:"id"`
	To string    `json:"to"`
}

// Entry is a place of the feed, as somebody who followed it by hand was given it.
type Entry struct {
	Who      string `json:"who"`
	Position int64  `json:"position"`
}

// Account is one in the end: as connectd has it, and as Stripe does.
type Account struct {
	ID       string    `json:"id"`
	Here     Facts     `json:"here"`
	Stripe   Facts     `json:"stripe"`
	Holds    string    `json:"holds"`  // the seller of the open connection
	Tells    string    `json:"tells"`  // the account that the seller's readiness names
	May      bool      `json:"may"`    // that readiness's can_transact
	Looked   time.Time `json:"looked"` // when this was read
	DueAt    time.Time `json:"due_at"`
	HeldBack bool      `json:"held_back"`
}

// Facts are what Stripe says of an account. Those of one that is not connected are not compared.
type Facts struct {
	Connected        bool              `json:"connected"`
	ChargesEnabled   bool              `json:"charges_enabled"`
	PayoutsEnabled   bool              `json:"payouts_enabled"`
	DetailsSubmitted bool              `json:"details_submitted"`
	Country          string            `json:"country"`
	Currency         string            `json:"default_currency"`
	CurrentlyDue     []string          `json:"currently_due"`
	PastDue          []string          `json:"past_due"`
	DisabledReason   string            `json:"disabled_reason"`
	Capabilities     map[string]string `json:"capabilities"`
}

// Copy is a seller in a product's memory, and as the API answers.
type Copy struct {
	Who    string          `json:"who"`
	Seller string          `json:"seller"`
	Has    json.RawMessage `json:"has"`
	Server json.RawMessage `json:"server"`
}

// Answer is what somebody is told of a seller in the end, and of which account, if any.
type Answer struct {
	Who     string `json:"who"`
	Seller  string `json:"seller"`
	Account string `json:"account"`
	Yes     bool   `json:"yes"`
}

// Stored is what is in connectd's tables, or at Stripe, in the end; N says how often. An effect is written as calls name theirs.
type Stored struct {
	Effect string `json:"effect"`
	N      int    `json:"n"`
}

// Feed is the feed in the end.
type Feed struct {
	Position int64 `json:"position"`
	Entries  int64 `json:"entries"`
	First    int64 `json:"first"`
	// Changed is the last change's place, Told how far connectd's own events have come; Pending deliveries are still to be made.
	Changed int64 `json:"changed"`
	Told    int64 `json:"told"`
	Pending int64 `json:"pending"`
}
