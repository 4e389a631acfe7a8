package registry

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/account"
)

// EventFilter chooses among Stripe's events as they are stored. Its zero value takes all.
type EventFilter struct {
	Outcome        Result // one of the four that an event has
	Type           string
	Account        string
	ReceivedAfter  *time.Time
	ReceivedBefore *time.Time
}

func (f EventFilter) check() error {
	switch {
	case f.Outcome != "" && !slices.Contains([]Result{Applied, Stale, Disregard, Failed}, f.Outcome):
		return account.InvalidField("outcome", "there is no outcome %q: it is one of applied, stale, ignored, failed", f.Outcome)
	case !account.IsText(f.Type):
		return account.InvalidField("type", "the type is no UTF-8, or holds a NUL")
	case !account.IsText(f.Account):
		return account.InvalidField("account", "the account is no UTF-8, or holds a NUL")
	}
	return nil
}

// subject names what the filter takes, for the audit.
func (f EventFilter) subject() string {
	words := []string{"events"}
	for _, part := range []string{string(f.Outcome), f.Type} {
		if part != "" {
			words = append(words, part)
		}
	}
	return strings.Join(words, " ")
}

// conditions makes the query's condition of a checked filter. The outcome stands in the text, as one of four words: Postgres
// takes the index of what failed only where it sees that word.
func (f EventFilter) conditions() *conditions {
	c := &conditions{}
	if f.Outcome != "" {
		c.add("e.outcome = '" + string(f.Outcome) + "'")
	}
	if f.Type != "" {
		c.add("e.type = %s", f.Type)
	}
	if f.Account != "" {
		c.add("e.account = %s", f.Account)
	}
	f.addReceived(c)
	return c
}

func (f EventFilter) addReceived(c *conditions) {
	if f.ReceivedAfter != nil {
		c.add("e.received_at > %s", *f.ReceivedAfter)
	}
	if f.ReceivedBefore != nil {
		c.add("e.received_at < %s", *f.ReceivedBefore)
	}
}

// conditions are fixed fragments of SQL, every value a parameter.
type conditions struct {
	fragments []string
	args      []any
}

func (c *conditions) add(fragment string, values ...any) {
	places := make([]any, len(values))
	for i, v := range values {
		places[i] = c.arg(v)
	}
	c.fragments = append(c.fragments, fmt.Sprintf(fragment, places...))
}

func (c *conditions) arg(v any) string {
	c.args = append(c.args, v)
	return fmt.Sprintf("$%d", len(c.args))
}

func (c *conditions) sql() string {
	if len(c.fragments) == 0 {
		return ""
	}
	return " where " + c.all()
}

// all is the conditions as one.
func (c *conditions) all() string {
	if len(c.fragments) == 0 {
		return "true"
	}
	return strings.Join(c.fragments, " and ")
}
