package stripeapi_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/stripeapi"
)

var retrieval = stripeapi.Call{Method: http.MethodGet, Path: "/v1/accounts/acct_1"}

func live(cfg *stripeapi.BudgetConfig) { cfg.Livemode = true }

func TestCallsOfALotLeaveEvenlySpaced(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0.5, 20, 40} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			t.Parallel()
			rs := newReplicas(t)
			rs.scan(rs.add(rate, 0))
			spacing := time.Duration(float64(time.Second) / (stripeapi.Pace * rate))
			rs.run(30 * spacing)
			calls := rs.calls(0)
			if len(calls) < 30 {
				t.Fatalf("%d calls", len(calls))
			}
			for i, at := range calls[1:] {
				if gap := at.Sub(calls[i]); (gap - spacing).Abs() > 10*time.Microsecond {
					t.Fatalf("call %d left %v after the one before, want %v", i+1, gap, spacing)
				}
			}
		})
	}
}

func TestThreeReplicasShareOneRate(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{20, 50} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			t.Parallel()
			rs := newReplicas(t)
			for range 3 {
				rs.scan(rs.add(rate, 0))
			}
			rs.run(5 * time.Second)
			wantRate(t, rs.calls(0), 5*time.Second, 0.965*rate, rate, int(rate))
			for i, r := range rs.all {
				if n := float64(len(r.calls(0))); n < rate {
					t.Errorf("replica %d made %v calls of %v", i, n, 5*rate)
				}
			}
		})
	}
}

// Calls that leave late may not bunch: no second has more than the rate, however busy the machine is.
func TestCallsThatLeaveLateNeverExceedTheRate(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{20, 50, 200} {
		for _, processes := range []int{1, 3} {
			t.Run(fmt.Sprintf("%v by %d", rate, processes), func(t *testing.T) {
				t.Parallel()
				seed := rand.Uint64()
				t.Logf("seed %d", seed)
				random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test's
				var mu sync.Mutex
				rs := newReplicas(t)
				for range processes {
					r := rs.add(rate, 0)
					r.late = func() time.Duration {
						mu.Lock()
						defer mu.Unlock()
						longest := []time.Duration{time.Microsecond, time.Millisecond, 60 * time.Millisecond}[random.IntN(3)]
						return time.Duration(1 + random.Int64N(int64(longest)))
					}
					rs.scan(r)
				}
				rs.run(5 * time.Second)
				wantRate(t, rs.calls(0), 5*time.Second, rate/8, rate, int(rate))
			})
		}
	}
}

// 25 a second are permitted in test mode, 20 of them to the scan.
func TestTheScanYieldsToPeople(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		people      int // a second
		call        stripeapi.Call
		change      func(*stripeapi.BudgetConfig)
		least, most float64
	}{
		{"within what it leaves", 5, retrieval, func(*stripeapi.BudgetConfig) {}, 19.2, 20},
		{"beyond", 15, retrieval, func(*stripeapi.BudgetConfig) {}, 9, 11},
		{"all of it", 30, retrieval, func(*stripeapi.BudgetConfig) {}, 0, 2.5},
		{"live, the same operation", 15, retrieval, live, 9, 11},
		{"live, another operation", 75, stripeapi.Call{Method: http.MethodPost, Path: "/oauth/token"}, live, 19.2, 20},
		{"live, another operation, all of it", 150, stripeapi.Call{Method: http.MethodPost, Path: "/oauth/token"}, live, 0, 2.5},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rs := newReplicas(t)
			people := rs.add(20, 0, c.change)
			rs.scan(rs.add(20, 0, c.change))
			for range 8 * 5 {
				for range c.people / 5 {
					people.Charge(c.call)
				}
				rs.run(time.Second / 5)
			}
			// Until then people use up what nobody had used before.
			wantRate(t, rs.calls(4*time.Second), rs.since-4*time.Second, c.least, c.most, 20)
		})
	}
}

func TestARateAboveStripesReplacesIt(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]func(*stripeapi.BudgetConfig){"test": func(*stripeapi.BudgetConfig) {}, "live": live} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rs := newReplicas(t)
			rs.scan(rs.add(200, 0, mode))
			rs.run(3 * time.Second)
			wantRate(t, rs.calls(0), 3*time.Second, 193, 200, 200)
		})
	}
}

// Nothing hands back what a killed process had taken: at most the lot at hand and the next one.
func TestAKilledProcessLosesItsLotsAndNoMore(t *testing.T) {
	t.Parallel()
	rs := newReplicas(t)
	killed := rs.add(20, 0)
	rs.scan(killed)
	rs.run(time.Second)
	killed.stop()
	rs.scan(rs.add(20, 0))
	rs.run(2 * time.Second)
	calls := rs.calls(0)
	if lost := 58 - len(calls); lost < 0 || lost > 4 {
		t.Errorf("%d of 58 calls were lost, want 4 at the most", lost)
	}
	wantRate(t, calls, 3*time.Second, 18, 21, 20)
}

func TestSkewedClocksNeitherStopNorDoubleTheRate(t *testing.T) {
	t.Parallel()
	rs := newReplicas(t)
	ahead := rs.add(20, 3*time.Second)
	for _, r := range []*replica{ahead, rs.add(20, 0), rs.add(20, -2*time.Second)} {
		rs.scan(r)
	}
	rs.run(6 * time.Second)
	wantRate(t, rs.calls(time.Second), 5*time.Second, 19, 20, 22)
	for _, r := range rs.all {
		if n := len(r.calls(time.Second)); n < 20 {
			t.Errorf("the replica that is %v ahead made %d calls of 100", r.skew, n)
		}
	}
	ahead.stop() // the others go on by its clock
	rs.run(4 * time.Second)
	wantRate(t, rs.calls(6*time.Second), 4*time.Second, 18, 20, 22)
}

func TestAClockThatIsSetBackStopsNothing(t *testing.T) {
	t.Parallel()
	rs := newReplicas(t)
	wrong := rs.add(20, time.Hour)
	rs.scan(wrong)
	rs.run(time.Second)
	wrong.stop()
	rs.run(time.Second) // it tells what it has not told yet
	rs.scan(rs.add(20, 0))
	rs.run(4 * time.Second)
	wantRate(t, rs.calls(2*time.Second), 4*time.Second, 18, 20, 20) // less what the other had taken
}

func TestReadsAreCountedByDay(t *testing.T) {
	t.Parallel()
	rs := newReplicas(t)
	r := rs.add(20, 0)
	r.Charge(retrieval)
	r.Charge(stripeapi.Call{Method: http.MethodPost, Path: "/oauth/token"}) // no read
	rs.scan(r)
	rs.run(time.Second)
	r.stop()
	rs.run(time.Second)
	first := int64(1 + len(rs.calls(0)))
	wantReads := func(want int64) {
		t.Helper()
		n, err := stripeapi.Reads(t.Context(), db.New(rs.pool), r.clock.Now())
		if err != nil || n != want {
			t.Errorf("%d reads in 30 days, want %d; %v", n, want, err)
		}
	}
	wantReads(first)
	for range 29 {
		rs.run(24 * time.Hour)
		r.Charge(retrieval)
	}
	rs.run(time.Second)
	wantReads(first + 29)
	rs.run(24 * time.Hour)
	wantReads(29)
	for range 2 {
		rs.run(24 * time.Hour)
		r.Charge(retrieval)
		rs.run(time.Second)
	}
	rs.wantDays(31)
}

// refuse has Postgres refuse statements of a kind on a table, until accept.
func (rs *replicas) refuse(statement, table string) {
	rs.exec(`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused by the test'; end $$`)
	rs.exec(`create trigger refuse before ` + statement + ` on ` + table + ` for each statement execute function refuse()`)
}

func (rs *replicas) accept() { rs.exec(`drop function refuse() cascade`) }

func (rs *replicas) exec(sql string) {
	rs.t.Helper()
	if _, err := rs.pool.Exec(rs.t.Context(), sql); err != nil {
		rs.t.Fatal(err)
	}
}

// Old days are no reason to hold checks up, or to count a read twice; they go an hour later.
func TestOldDaysThatStayCostNoCall(t *testing.T) {
	t.Parallel()
	rs := newReplicas(t)
	rs.exec(`insert into stripe_reads (day, n) values ('2025-01-01', 1)`)
	rs.refuse("delete", "stripe_reads")
	r := rs.add(20, 0)
	rs.scan(r)
	rs.run(2 * time.Second)
	wantRate(t, rs.calls(0), 2*time.Second, 19.2, 20, 20)
	r.stop()
	rs.run(time.Second)
	n, err := stripeapi.Reads(t.Context(), db.New(rs.pool), r.clock.Now())
	if want := int64(len(rs.calls(0))); err != nil || n != want {
		t.Errorf("%d reads are counted, want %d; %v", n, want, err)
	}
	rs.accept()
	rs.wantDays(2)
	rs.run(time.Hour)
	r.Charge(retrieval)
	rs.run(time.Second)
	rs.wantDays(1)
}

func (rs *replicas) wantDays(want int) {
	rs.t.Helper()
	var days int
	if err := rs.pool.QueryRow(rs.t.Context(), "select count(*) from stripe_reads").Scan(&days); err != nil || days != want {
		rs.t.Errorf("%d days are kept, want %d; %v", days, want, err)
	}
}

// What the scan would learn could not be kept either; what people ask for goes on.
func TestWithoutPostgresOnlyTheScanFails(t *testing.T) {
	t.Parallel()
	rs := newReplicas(t)
	r := rs.add(20, 0)
	rs.pool.Close()
	if err := r.Wait(t.Context()); err == nil {
		t.Error("the scan went on")
	}
	client := newClient(t, answering(200, `{"id":"acct_1"}`), func(cfg *stripeapi.Config) { cfg.Pacer = r })
	if _, err := client.Account(t.Context(), "acct_1"); err != nil {
		t.Errorf("a person's: %v", err)
	}
	err := retrieveInTurn(t.Context(), client, "acct_1")
	if e := stripeError(t, err); e.Kind != stripeapi.Unreachable || e.HTTPStatus != 0 {
		t.Errorf("the scan's: %v", err)
	}
}
