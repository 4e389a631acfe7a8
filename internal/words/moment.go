package words

import (
	"strconv"
	"time"

	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// Day is the day of a moment, in UTC: Stripe's deadlines are days.
func (l *Language) Day(t time.Time) string {
	t = t.UTC()
	return l.Say("date.day", Args{
		"Day": strconv.Itoa(t.Day()), "Month": l.Say("date.month."+strconv.Itoa(int(t.Month())), nil), "Year": strconv.Itoa(t.Year()),
	})
}

// Moment is the day and the minute, in UTC.
func (l *Language) Moment(t time.Time) string {
	return l.Say("date.moment", Args{"Day": l.Day(t), "Time": t.UTC().Format("15:04")})
}

// Number is a whole number, its thousands set apart.
func (l *Language) Number(n int64) string { return message.NewPrinter(l.tag).Sprint(number.Decimal(n)) }

func (l *Language) number(n int) string { return message.NewPrinter(l.tag).Sprint(number.Decimal(n)) }
