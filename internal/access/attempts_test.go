package access_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/access"
)

// door is an admin's password, and the clock by which wrong ones are counted.
type door struct {
	*access.Admin
	t   *testing.T
	now time.Time
}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	var err error
	d.Admin, err = access.NewAdmin(access.AdminConfig{Password: password, Now: func() time.Time { return d.now }})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// try is "right", "wrong", or how long to wait.
func (d *door) try(from, text string) string {
	d.t.Helper()
	right, err := d.Check(d.t.Context(), from, text)
	if tooMany, ok := errors.AsType[*access.TooManyAttemptsError](err); ok {
		return tooMany.RetryAfter.String()
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return map[bool]string{true: "right", false: "wrong"}[right]
}

func (d *door) want(want, from, text string) {
	d.t.Helper()
	if got := d.try(from, text); got != want {
		d.t.Errorf("%s from %s: %s, want %s", text, from, got, want)
	}
}

func TestAnAddressHasTenWrongPasswordsAndThenOneAMinute(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	const here = "198.51.100.1:1000"
	for range 10 {
		d.want("wrong", here, "guess")
	}
	d.want("1m0s", here, "guess")
	d.want("1m0s", here, password) // it is not looked at
	d.want("right", "198.51.100.2:1000", password)
	d.now = d.now.Add(59 * time.Second)
	d.want("1s", "198.51.100.1:2000", "guess")
	d.now = d.now.Add(time.Second)
	d.want("wrong", here, "guess")
	d.want("1m0s", here, "guess")
	d.now = d.now.Add(time.Hour)
	for range 10 {
		d.want("wrong", here, "guess")
	}
	d.want("1m0s", here, "guess")
}

func TestRightPasswordsAreNotCounted(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for range 9 {
		d.want("wrong", "198.51.100.1:1000", "guess")
	}
	for range 50 {
		d.want("right", "198.51.100.1:1000", password)
	}
	d.want("wrong", "198.51.100.1:1000", "guess")
	d.want("1m0s", "198.51.100.1:1000", "guess")
}

func TestANetworkOfIPv6IsOneAddress(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for i := range 10 {
		d.want("wrong", fmt.Sprintf("[2001:db8::%x]:1000", i+1), "guess")
	}
	d.want("1m0s", "[2001:db8::ffff]:1000", "guess")
	d.want("wrong", "[2001:db8:0:1::1]:1000", "guess")
}

func TestTheAddressesThatAreRememberedAreBounded(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for i := range 30_000 {
		d.want("wrong", fmt.Sprintf("198.%d.%d.%d:1000", i>>16&255, i>>8&255, i&255), "guess")
	}
	if n := d.RememberedAddresses(); n > 10_000 {
		t.Errorf("%d addresses are remembered", n)
	}
}
