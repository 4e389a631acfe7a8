package access_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
)

// door is an admin's password, and the clock by which wrong ones are counted.
type door struct {
	*access.Admin
	t    *testing.T
	pool *pgxpool.Pool
	now  time.Time
}

func newDoor(t *testing.T) *door {
	t.Helper()
	return doorOn(t, postgrestest.Pool(t))
}

func doorOn(t *testing.T, pool *pgxpool.Pool) *door {
	t.Helper()
	d := &door{t: t, pool: pool, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	cfg := access.AdminConfig{Password: password, Attempts: access.NewAttempts(pool), Now: func() time.Time { return d.now }}
	var err error
	if d.Admin, err = access.NewAdmin(cfg); err != nil {
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

func TestReplicasCountTogether(t *testing.T) {
	t.Parallel()
	one := newDoor(t)
	other := doorOn(t, one.pool)
	for range 5 {
		one.want("wrong", "198.51.100.1:1000", "guess")
		other.want("wrong", "198.51.100.1:1000", "guess")
	}
	one.want("1m0s", "198.51.100.1:1000", password)
	other.want("1m0s", "198.51.100.1:1000", password)
}

// TestNoMoreThanTenAreLookedAtHoweverManyComeAtOnce, on two replicas.
func TestNoMoreThanTenAreLookedAtHoweverManyComeAtOnce(t *testing.T) {
	t.Parallel()
	one := newDoor(t)
	doors := []*door{one, doorOn(t, one.pool)}
	var looked atomic.Int64
	var group sync.WaitGroup
	for i := range 60 {
		group.Go(func() {
			if doors[i%2].try("198.51.100.1:1000", "guess") == "wrong" {
				looked.Add(1)
			}
		})
	}
	group.Wait()
	if looked.Load() != 10 {
		t.Errorf("%d were looked at", looked.Load())
	}
}

func TestAddressesThatAreClearAreForgotten(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for i := range 100 {
		d.want("wrong", fmt.Sprintf("198.51.100.%d:1000", i), "guess")
	}
	d.now = d.now.Add(2 * time.Minute)
	d.want("wrong", "198.51.101.1:1000", "guess")
	var n int
	if err := d.pool.QueryRow(t.Context(), `select count(*) from sign_in_attempts`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d addresses are kept, %v", n, err)
	}
}

// TestWithoutItsCountNobodyIsLetIn: an error is never a yes.
func TestWithoutItsCountNobodyIsLetIn(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.pool.Close()
	if right, err := d.Check(t.Context(), "198.51.100.1:1000", password); right || err == nil {
		t.Errorf("%v, %v", right, err)
	}
}
