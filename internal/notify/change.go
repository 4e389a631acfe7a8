package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/mail"
)

// change is a change of a seller's readiness, as it is told.
type change struct {
	db.ChangesAfterRow
	after client.Readiness
}

// changeOf reads a change as it is stored. judgeAge adds what is only known when it is read.
func changeOf(row db.ChangesAfterRow, judgeAge func(*client.Readiness)) (change, error) {
	c := change{ChangesAfterRow: row}
	if err := json.Unmarshal(row.After, &c.after); err != nil {
		return c, fmt.Errorf("change %d as stored: %w", row.Position, err)
	}
	c.after.Version = row.Position
	judgeAge(&c.after)
	return c, nil
}

// events are what tells of the change: what has become of the seller, and what is newly due.
func (c change) events() ([]Event, error) {
	before, former, err := c.past()
	if err != nil {
		return nil, fmt.Errorf("change %d as stored: %w", c.Position, err)
	}
	data, err := json.Marshal(client.SellerEvent{Readiness: c.after, Previous: former})
	if err != nil {
		return nil, fmt.Errorf("encode change %d: %w", c.Position, err)
	}
	types := []string{becomes(before, c.after)}
	if hasNewlyDue(before, c.after) {
		types = append(types, RequirementsDue)
	}
	events := make([]Event, len(types))
	for i, t := range types {
		events[i] = Event{Type: t, Timestamp: c.At, Sequence: c.Position, Data: data}
	}
	return events, nil
}

// past is what was before, and the values of it of the fields that changed; at a seller's first it was nothing.
func (c change) past() (before client.Readiness, former map[string]json.RawMessage, err error) {
	if c.Before == nil {
		return before, map[string]json.RawMessage{}, nil
	}
	if err := json.Unmarshal(c.Before, &before); err != nil {
		return before, nil, err
	}
	former, err = formerValues(c.Before, c.After)
	return before, former, err
}

// untold are the fields that are no change: times, which move with each check, and what is only known when it is read.
var untold = []string{"as_of", "checked_at", "stale", "version"}

// formerValues are the values of the fields of before that after has otherwise. Postgres writes equal values alike.
func formerValues(before, after []byte) (map[string]json.RawMessage, error) {
	var was, is map[string]json.RawMessage
	if err := json.Unmarshal(before, &was); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(after, &is); err != nil {
		return nil, err
	}
	for field, value := range was {
		if bytes.Equal(value, is[field]) || slices.Contains(untold, field) {
			delete(was, field)
		}
	}
	return was, nil
}

// becomes is the one type that says what has become of the seller.
func becomes(before, after client.Readiness) string {
	was, is := mail.IsConnected(before), mail.IsConnected(after)
	switch {
	case was && !is:
		return SellerDisconnected
	case is && (!was || client.Text(before.AccountID) != client.Text(after.AccountID)):
		return SellerConnected
	}
	return SellerReadinessChanged
}

// hasNewlyDue tells whether something is due of the account that was not before. What is past due was due before.
func hasNewlyDue(before, after client.Readiness) bool {
	known := map[string]bool{}
	if client.Text(before.AccountID) == client.Text(after.AccountID) {
		for _, r := range mail.DueOf(before) {
			known[r.Requirement] = true
		}
	}
	return slices.ContainsFunc(mail.DueOf(after), func(r client.Reason) bool { return !known[r.Requirement] })
}
