package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
)

func yes(id string) client.Readiness { return client.Readiness{SellerID: id, CanTransact: true} }

func no(id string) client.Readiness { return client.Readiness{SellerID: id} }

func TestReplicaHoldsEverySellerAndFollows(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		for i := range 2_500 {
			kinds := []func(string) client.Readiness{yes, no, func(id string) client.Readiness { return restricted(id, 0) }}
			s.Set(kinds[i*7/5%3](fmt.Sprintf("shop-%04d", i)))
		}
		rep := s.replica()
		wantSame(t, rep, s.Server)
		s.Set(no("shop-0007"))
		s.Set(restricted("late", 0))
		s.Check("shop-0008")
		synctest.Wait()
		wantSame(t, rep, s.Server)
		wantState(t, rep, client.Following)
	})
}

func TestReplicaKnowsNobodyItWasNotToldOf(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		rep := s.replica()
		got, ok := rep.Readiness("nobody")
		if diff := cmp.Diff(s.Readiness("nobody"), got); ok || diff != "" || rep.CanTransact("nobody") {
			t.Errorf("held %v, can transact %v (-server +replica):\n%s", ok, rep.CanTransact("nobody"), diff)
		}
	})
}

// TestReplicaStaysYoungWhileNothingHappens: what does not change is known to be so.
func TestReplicaStaysYoungWhileNothingHappens(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		rep := s.replica()
		for range 100 {
			within(7 * time.Second)
			if age := rep.Age(); age > 10*time.Second {
				t.Fatalf("%v old while the server answers", age)
			}
		}
		if n := len(s.Requests()); n > 80 {
			t.Errorf("%d requests in 700 s in which nothing happened", n)
		}
	})
}

func TestReplicaSurvivesCuts(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		rep := s.replica()
		for i := range 20 {
			s.Cut()
			s.Set(yes(fmt.Sprintf("shop-%d", i)))
			within(6 * time.Second)
			wantSame(t, rep, s.Server)
			wantState(t, rep, client.Following)
		}
		if first := s.Requests()[0]; strings.Count(strings.Join(s.Requests(), "\n"), first) != 1 {
			t.Error("it read every seller again though its cursor was good")
		}
	})
}

// TestReplicaAnswersAndAgesWhileTheServerIsDown, and knows all again within the longest pause.
func TestReplicaAnswersAndAgesWhileTheServerIsDown(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		s.Set(yes("shop"))
		rep := s.replica()
		synctest.Wait()
		s.Down()
		down := time.Now()
		within(time.Hour)
		if !rep.CanTransact("shop") || rep.Age() < time.Hour {
			t.Errorf("can transact %v, %v old after an hour", rep.CanTransact("shop"), rep.Age())
		}
		status := wantState(t, rep, client.Interrupted)
		if !status.Since.Equal(down) || status.LastError == nil || time.Since(status.LastErrorAt) > 6*time.Second {
			t.Errorf("since %v (down %v), last error %v at %v", status.Since, down, status.LastError, status.LastErrorAt)
		}
		s.Set(no("shop"))
		s.Up()
		within(5 * time.Second)
		wantSame(t, rep, s.Server)
		wantState(t, rep, client.Following)
	})
}

// TestReplicaDoesNotHammer a server that is down: it comes back every five seconds at the most often, and within five.
func TestReplicaDoesNotHammer(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		rep := s.replica()
		synctest.Wait()
		s.Down()
		within(time.Minute)
		before := len(s.Requests())
		within(time.Hour)
		if n := len(s.Requests()) - before; n < 3600/5 || n > 2*3600/5 {
			t.Errorf("%d attempts in an hour, want one each 2.5 to 5 s", n)
		}
		wantState(t, rep, client.Interrupted)
	})
}

// TestReplicaStartsOver where its cursor is too old; until it has read everything it answers as before.
func TestReplicaStartsOver(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		s.Set(yes("shop"))
		s.Set(yes("same"))
		changes := map[string]bool{}
		rep := s.replica(client.OnChange(func(before, after client.Readiness) {
			changes[fmt.Sprintf("%s: %v to %v", after.SellerID, before.CanTransact, after.CanTransact)] = true
		}))
		synctest.Wait()
		s.Down()
		s.Set(no("shop"))
		s.Set(yes("new"))
		s.Expire()
		s.Up()
		within(5 * time.Second)
		wantSame(t, rep, s.Server)
		want := map[string]bool{"shop: true to false": true, "new: false to true": true}
		if diff := cmp.Diff(want, changes); diff != "" {
			t.Errorf("told of (-want +got):\n%s", diff)
		}
	})
}

// TestReplicaFollowsARestore, though each position that it knew may be another's now.
func TestReplicaFollowsARestore(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		backup := s.Set(no("shop"))
		s.Set(yes("shop"))
		s.Set(yes("gone"))
		var lost []string
		rep := s.replica(client.OnChange(func(_, after client.Readiness) {
			if after.Version == 0 {
				lost = append(lost, after.SellerID)
			}
		}))
		synctest.Wait()
		s.Restore(backup)
		s.Set(yes("other"))
		s.Set(yes("another"))
		s.Cut()
		within(5 * time.Second)
		wantSame(t, rep, s.Server)
		if diff := cmp.Diff([]string{"gone"}, lost); diff != "" {
			t.Errorf("told of those who are no longer there (-want +got):\n%s", diff)
		}
	})
}

// TestReplicaStartsOverWherePositionsAreNotDense: what was left out could be a no.
func TestReplicaStartsOverWherePositionsAreNotDense(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		s.Set(yes("shop"))
		rep := s.replica()
		synctest.Wait()
		s.Skip()
		s.Set(no("shop"))
		within(5 * time.Second)
		wantSame(t, rep, s.Server)
		if err := rep.State().LastError; !errors.Is(err, client.ErrGap) {
			t.Errorf("last error %v, want ErrGap", err)
		}
	})
}

// TestReplicaBearsSlowAnswers, and gives those up that do not come.
func TestReplicaBearsSlowAnswers(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		s.Slow(2 * time.Second)
		s.Set(yes("shop"))
		rep := s.replica()
		s.Set(no("shop"))
		within(10 * time.Second)
		wantSame(t, rep, s.Server)
		s.Slow(time.Hour)
		within(time.Minute)
		wantState(t, rep, client.Interrupted)
		s.Slow(0)
		s.Set(yes("shop"))
		within(20 * time.Second)
		wantSame(t, rep, s.Server)
	})
}

// TestReplicaBearsADeployment, in which a load balancer answers for those who are not there.
func TestReplicaBearsADeployment(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		rep := s.replica()
		for _, status := range []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusNotFound} {
			s.Fail(status)
			s.Set(yes("shop"))
			within(12 * time.Second)
			s.Fail(0)
			within(5 * time.Second)
			wantSame(t, rep, s.Server)
		}
	})
}

func TestReplicaSaysNoBeyondMaxAge(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		s.Set(yes("shop"))
		rep := s.replica(client.MaxAge(time.Minute))
		within(10 * time.Minute)
		if !rep.CanTransact("shop") {
			t.Fatal("said no while the server answers")
		}
		s.Down()
		within(59*time.Second - rep.Age())
		if !rep.CanTransact("shop") {
			t.Error("said no before MaxAge")
		}
		within(2 * time.Second)
		r, ok := rep.Readiness("shop")
		if rep.CanTransact("shop") || r.CanTransact || !ok || r.Reasons[0].Code != "not_confirmed" {
			t.Errorf("beyond MaxAge: %v, %+v", rep.CanTransact("shop"), r)
		}
		s.Up()
		within(5 * time.Second)
		wantSame(t, rep, s.Server)
	})
}

// TestMaxAgeShortensPolls, since a poll that waits longer would make the replica old.
func TestMaxAgeShortensPolls(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		s.Set(yes("shop"))
		rep := s.replica(client.MaxAge(3 * time.Second))
		for range 1000 {
			within(97 * time.Millisecond)
			if !rep.CanTransact("shop") {
				t.Fatalf("said no at the age of %v while the server answers", rep.Age())
			}
		}
	})
}

func TestReplicaIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		wrong := client.New(s.URL, "ck_test_wrong", client.WithHTTPClient(&http.Client{Transport: direct{s}}))
		_, err := wrong.Replica(t.Context())
		if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != http.StatusUnauthorized {
			t.Errorf("with a wrong key: %v, want the server's 401", err)
		}
		rep := s.replica()
		s.Fail(http.StatusForbidden)
		within(time.Minute)
		wantState(t, rep, client.Refused)
		s.Fail(0)
		within(5 * time.Second)
		wantState(t, rep, client.Following)
	})
}

func TestReplicaWaitsForItsStartAsLongAsItMay(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		s.Down()
		_, err := s.client.Replica(t.Context(), client.StartWithin(time.Minute))
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "unexpected EOF") {
			t.Errorf("nothing within StartWithin: %v, want a deadline and why", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := s.client.Replica(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("nothing while ctx lasts: %v", err)
		}
		time.AfterFunc(time.Hour, s.Up)
		s.replica()
	})
}

func TestReplicaStopsWithItsContext(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		s.Set(yes("shop"))
		ctx, stop := context.WithCancel(t.Context())
		rep, err := s.client.Replica(ctx)
		if err != nil {
			t.Fatal(err)
		}
		stop()
		<-rep.Done()
		wantState(t, rep, client.Stopped)
		s.Set(no("shop"))
		within(time.Minute)
		if !rep.CanTransact("shop") || rep.Age() < time.Minute {
			t.Error("it went on after its context's end")
		}
	})
}

// TestOnChangeTellsEachChangeOnce and in order.
func TestOnChangeTellsEachChangeOnce(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		s.Set(yes("shop"))
		var told []string
		s.replica(client.OnChange(func(before, after client.Readiness) {
			told = append(told, fmt.Sprintf("%d to %d", before.Version, after.Version))
		}))
		synctest.Wait()
		s.Set(no("shop"))
		s.Check("shop")
		s.Cut()
		s.Set(yes("new"))
		within(5 * time.Second)
		if diff := cmp.Diff([]string{"1 to 2", "0 to 4"}, told); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestOnChangeTellsOfANameThatWasErased, also where a check tells that first, whose readiness is read from the history.
func TestOnChangeTellsOfANameThatWasErased(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		named := yes("shop")
		named.DisplayName = new("Blue Kiln")
		s.Set(named)
		erased := s.Readiness("shop")
		erased.DisplayName = nil
		page, err := json.Marshal(client.FeedPage{
			Data: []client.FeedEntry{{Position: 2, Kind: "check", SellerID: "shop", Readiness: erased}}, NextCursor: "1.2",
		})
		if err != nil {
			t.Fatal(err)
		}
		s.client = client.New(s.URL, s.Key, client.WithHTTPClient(&http.Client{Transport: &garbling{RoundTripper: direct{s}, nth: 3, body: string(page)}}))
		var told []string
		s.replica(client.OnChange(func(before, after client.Readiness) {
			told = append(told, fmt.Sprintf("%q to %q", client.Text(before.DisplayName), client.Text(after.DisplayName)))
		}))
		synctest.Wait()
		s.Check("shop")
		within(5 * time.Second)
		if diff := cmp.Diff([]string{`"Blue Kiln" to ""`}, told); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestASnapshotIsOfOneMoment: a page of another feed cursor is another snapshot's, of a server of other days.
func TestASnapshotIsOfOneMoment(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		for i := range 1_001 {
			s.Set(yes(fmt.Sprintf("shop-%04d", i)))
		}
		last := `{"data":[],"next_cursor":null,"feed_cursor":"1.7"}`
		s.client = client.New(s.URL, s.Key, client.WithHTTPClient(&http.Client{Transport: &garbling{RoundTripper: direct{s}, nth: 2, body: last}}))
		rep := s.replica()
		wantSame(t, rep, s.Server)
		if rep.State().LastError == nil {
			t.Error("it took a page for the snapshot's end that was another one's")
		}
	})
}
