package feed

import (
	"errors"
	"strconv"
	"strings"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// Cursor is a place in the feed: everything up to Position was read. A restore from a backup raises the epoch, since
// positions come again then.
type Cursor struct {
	Epoch, Position int64
}

func (c Cursor) String() string {
	return strconv.FormatInt(c.Epoch, 10) + "." + strconv.FormatInt(c.Position, 10)
}

func (c Cursor) place() registry.Place { return registry.Place(c) }

// ErrMalformed says that a text is no cursor.
var ErrMalformed = errors.New("a cursor is EPOCH.POSITION, as connectd has given it")

// ParseCursor reads what String has written.
func ParseCursor(text string) (Cursor, error) {
	epoch, position, _ := strings.Cut(text, ".")
	e, epochErr := strconv.ParseInt(epoch, 10, 64)
	p, positionErr := strconv.ParseInt(position, 10, 64)
	c := Cursor{e, p}
	if epochErr != nil || positionErr != nil || e < 1 || p < 0 || c.String() != text {
		return Cursor{}, ErrMalformed
	}
	return c, nil
}

const startOver = " Start over: read the snapshot, GET /v1/readiness, and go on from its feed_cursor."

// gone are the errors of cursors from which nobody can go on. Each is account.Expired.
var (
	errTooOld     = account.Errorf(account.Expired, "The feed no longer has what follows this cursor."+startOver)
	errPastTheEnd = account.Errorf(account.Expired, "This cursor is past the feed's end, as after a restore from a backup."+startOver)
	errOtherEpoch = account.Errorf(account.Expired, "This cursor is of another epoch: the database was restored from a backup since, or is another one."+startOver)
)

// checkAgainst says why nobody can go on from c in a feed that has come as far as end.
func (c Cursor) checkAgainst(end Cursor) error {
	switch {
	case c.Epoch != end.Epoch:
		return errOtherEpoch
	case c.Position > end.Position:
		return errPastTheEnd
	}
	return nil
}
