package stripeapi

import (
	"net/http"
	"time"

	"github.com/connectd/connectd/internal/account"
)

// interval: Date is when the answer left, in whole seconds; what it says was read after the request was sent, which is at
// most a round trip and the second that Date leaves out earlier. Postgres keeps microseconds, so From is cut down to one.
func (a *answer) interval() (i account.Interval, ok bool) {
	date, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		return account.Interval{}, false
	}
	date = date.UTC()
	return account.Interval{From: date.Add(-a.roundTrip - time.Second).Truncate(time.Microsecond), To: date}, true
}
