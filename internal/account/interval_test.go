package account_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/connectd/connectd/internal/account"
)

func intervals() *rapid.Generator[account.Interval] {
	return rapid.Custom(func(t *rapid.T) account.Interval {
		from := moments().Draw(t, "from")
		return account.Interval{From: from, To: from.Add(time.Duration(rapid.Int64Range(0, 20).Draw(t, "seconds")) * time.Second)}
	})
}

func TestRaiseNeverGoesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := intervals().Draw(t, "a"), intervals().Draw(t, "b")
		raised := a.Raise(b)
		for _, i := range []account.Interval{a, b} {
			if raised.From.Before(i.From) || raised.To.Before(i.To) {
				t.Fatalf("%v is before %v", raised, i)
			}
		}
		if !raised.Equal(b.Raise(a)) || !raised.Equal(raised.Raise(a)) {
			t.Fatal("order or repetition matters")
		}
		if !a.Raise(account.Interval{}).Equal(a) {
			t.Fatal("raised by nothing")
		}
	})
}

func TestAnEventIsTrueAtOneMoment(t *testing.T) {
	t.Parallel()
	created := *deadline()
	if want := (account.Interval{From: created, To: created}); !account.At(created).Equal(want) {
		t.Errorf("%v", account.At(created))
	}
}
