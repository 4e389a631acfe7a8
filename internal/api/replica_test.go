package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
)

// TestAReplicaJudgesStalenessAsConnectdDoes: that a check is too long ago is no entry of the feed, nor is a new rule.
func TestAReplicaJudgesStalenessAsConnectdDoes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.connect("s1", "complete")
	s.denyWhenStale(true)
	const after = 35 * 24 * time.Hour
	s.exec(fmt.Sprintf(`update sellers set readiness = jsonb_set(readiness, '{checked_at}', to_jsonb('%s'::text))`,
		time.Now().Add(5*time.Second-after).UTC().Format(time.RFC3339Nano)))
	before := s.replica(client.MaxAge(9 * time.Second)) // a third of it is how long a poll waits
	if !before.CanTransact("s1") {
		t.Fatal("the seller is stale too soon for the test")
	}
	wantAlike := func(deny bool, replicas ...*client.Replica) {
		t.Helper()
		want := decode[client.Readiness](s.getWith("/v1/sellers/s1/readiness", "Cache-Control", "no-cache"), http.StatusOK)
		if !want.Stale || want.CanTransact == deny {
			t.Fatalf("connectd says %+v", want)
		}
		for i, r := range replicas {
			s.eventually("the replica's answer", func() bool {
				got, _ := r.Readiness("s1")
				return got.Stale && got.CanTransact == want.CanTransact && len(got.Reasons) == len(want.Reasons) && r.CanTransact("s1") == want.CanTransact
			})
			for all := range r.All() {
				if all.CanTransact != want.CanTransact {
					t.Errorf("replica %d ranges over %+v", i, all)
				}
			}
		}
	}
	s.eventually("connectd's no", func() bool {
		return !decode[client.Readiness](s.getWith("/v1/sellers/s1/readiness", "Cache-Control", "no-cache"), http.StatusOK).CanTransact
	})
	later := s.replica(client.MaxAge(9 * time.Second))
	wantAlike(true, before, later)
	s.denyWhenStale(false)
	wantAlike(false, before, later)
	s.denyWhenStale(true)
	wantAlike(true, before, later, s.replica(client.MaxAge(9*time.Second)))
}

func (s server) replica(options ...client.ReplicaOption) *client.Replica {
	s.t.Helper()
	rep, err := client.New(s.url, s.key).Replica(s.t.Context(), options...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { <-rep.Done() })
	return rep
}
