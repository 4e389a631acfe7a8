package access

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/argon2id"
)

// quickAdmin has a hash that is checked in no time.
func quickAdmin(t *testing.T) *Admin {
	t.Helper()
	hash, err := argon2id.CreateHash("right", &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	admin, err := NewAdmin(AdminConfig{PasswordHash: hash})
	if err != nil {
		t.Fatal(err)
	}
	return admin
}

func TestAnAttemptWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		admin := quickAdmin(t)
		leave, err := admin.enter(t.Context(), "192.0.2.1:1")
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(patience-1, leave)
		if ok, err := admin.Check(t.Context(), "192.0.2.2:1", "right"); !ok || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
	})
}

func TestAnAttemptDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		admin, begin := quickAdmin(t), time.Now()
		leave, err := admin.enter(t.Context(), "192.0.2.1:1")
		if err != nil {
			t.Fatal(err)
		}
		for _, from := range []string{"192.0.2.1:2", "192.0.2.2:1"} {
			if _, err := admin.Check(t.Context(), from, "right"); !errors.Is(err, ErrBusy) {
				t.Errorf("%s: %v", from, err)
			}
		}
		if waited := time.Since(begin); waited != 2*patience { // the bubble's clock is exact
			t.Errorf("waited %v", waited)
		}
		leave()
		if ok, err := admin.Check(t.Context(), "192.0.2.1:1", "right"); !ok || err != nil {
			t.Errorf("afterwards: %v, %v", ok, err)
		}
		if n := len(admin.turns.of); n > 0 {
			t.Errorf("%d addresses are remembered", n)
		}
	})
}

// TestOneAddressKeepsNobodyElseOut: of those who try from it one at a time is in the way.
func TestOneAddressKeepsNobodyElseOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		admin := quickAdmin(t)
		entered := make(chan func(), 50)
		flood, end := context.WithCancel(t.Context())
		for n := range cap(entered) {
			go func() {
				if leave, err := admin.enter(flood, fmt.Sprintf("[2001:db8::%x]:%d", n, n)); err == nil {
					entered <- leave
				}
			}()
		}
		synctest.Wait()
		answered := make(chan error, 1)
		go func() {
			_, err := admin.Check(t.Context(), "192.0.2.1:1", "right")
			answered <- err
		}()
		synctest.Wait()
		(<-entered)()
		if err := <-answered; err != nil {
			t.Error(err)
		}
		end()
		synctest.Wait()
		for range len(entered) {
			(<-entered)()
		}
	})
}

func TestAttemptsAreToldApartByTheirAddress(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"192.0.2.1:1234":              "192.0.2.1/32",
		"[::ffff:192.0.2.1]:1234":     "192.0.2.1/32",
		"[2001:db8:1:2:3:4:5:6]:1234": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:1234":         "fe80::/64",
		"@":                           "@",
		"":                            "",
	} {
		if got := addressOf(remote); got != want {
			t.Errorf("%s: %s, want %s", remote, got, want)
		}
	}
}
