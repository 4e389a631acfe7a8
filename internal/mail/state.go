package mail

import (
	"strings"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/db"
)

// State is what has become of a mail.
type State string

// The states.
const (
	Open    State = "open"    // it is still to be sent
	Waiting State = "waiting" // it is made once a day has passed since the last of its cause
	Sent    State = "sent"
	Dropped State = "dropped" // there was nothing to tell any more, or nobody to tell
	Refused State = "refused" // its recipient
	Failed  State = "failed"  // for too long
)

// States are all, in the order of the constants.
func States() []State { return []State{Open, Waiting, Sent, Dropped, Refused, Failed} }

// The reasons for which a mail is dropped.
const (
	Unwanted  = "unwanted"  // the seller has ended mails of this kind
	Replaced  = "replaced"  // by a later one of its cause
	NoAddress = "noaddress" // there is no address any more
	Untrue    = "untrue"    // what it would have told is no longer so
	TooOld    = "tooold"    // nobody tried to send it for days
)

// ending is what became of a mail, and why it was not sent.
type ending struct {
	state State
	why   string
}

var sent = ending{state: Sent}

func dropped(why string) ending { return ending{Dropped, why} }

// needless says why a seller is not sent the mail any more; "" where it is to be sent.
func needless(m db.MailToSendRow, ready client.Readiness) string {
	switch {
	case m.Unwanted:
		return Unwanted
	case m.Email == nil:
		return NoAddress
	case m.Later:
		return Replaced
	case !holds(Kind(m.Kind), m.About, ready):
		return Untrue
	}
	return ""
}

const longestWhy = 500

// bounded is an error as it is kept: errors here hold no address of anybody's.
func bounded(err error) string {
	text := strings.ToValidUTF8(strings.ReplaceAll(err.Error(), "\x00", ""), "")
	if len(text) > longestWhy {
		text = strings.ToValidUTF8(text[:longestWhy], "")
	}
	return text
}
