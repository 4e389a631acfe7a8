package client_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/client/connecttest"
)

// direct hands requests to a handler without a network, whose reads would stop a bubble's clock.
type direct struct{ to http.Handler }

func (d direct) RoundTrip(req *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	ended := make(chan bool, 1)
	go func() {
		defer func() { ended <- recover() == nil }() // http.ErrAbortHandler cuts the connection
		d.to.ServeHTTP(answer, req)
	}()
	select {
	case whole := <-ended:
		if !whole {
			return nil, io.ErrUnexpectedEOF
		}
		return answer.Result(), nil
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

// fake is a fake connectd and its client, in a bubble whose clock moves when nothing else does.
type fake struct {
	*connecttest.Server
	t      *testing.T
	client *client.Client
}

func bubble(t *testing.T, test func(t *testing.T, s *fake)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := connecttest.New()
		s.URL = "http://connectd.test"
		test(t, &fake{s, t, s.Client(client.WithHTTPClient(&http.Client{Transport: direct{s}}))})
	})
}

// replica starts one that stops with the test.
func (s *fake) replica(options ...client.ReplicaOption) *client.Replica {
	s.t.Helper()
	ctx, stop := context.WithCancel(s.t.Context())
	rep, err := s.client.Replica(ctx, options...)
	if err != nil {
		stop()
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		stop()
		<-rep.Done()
	})
	return rep
}

// within lets the bubble's clock go on, and what is set off by that end.
func within(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// wantSame holds that the replica says of each seller what the server says, and of nobody else.
func wantSame(t *testing.T, rep *client.Replica, s *connecttest.Server) {
	t.Helper()
	want := s.Sellers()
	for _, w := range want {
		got, ok := rep.Readiness(w.SellerID)
		if diff := cmp.Diff(w, got); !ok || diff != "" {
			t.Errorf("%s: held %v (-server +replica):\n%s", w.SellerID, ok, diff)
		}
		if rep.CanTransact(w.SellerID) != w.CanTransact {
			t.Errorf("%s: CanTransact is %v", w.SellerID, !w.CanTransact)
		}
	}
	if rep.Len() != len(want) || rep.Position() != s.Position() {
		t.Errorf("%d sellers at position %d, want %d at %d", rep.Len(), rep.Position(), len(want), s.Position())
	}
}

func wantState(t *testing.T, rep *client.Replica, want client.State) client.Status {
	t.Helper()
	got := rep.State()
	if got.State != want {
		t.Errorf("state %s (since %v, %v), want %s", got.State, got.Since, got.LastError, want)
	}
	return got
}
