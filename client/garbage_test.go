package client_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
)

// garbling makes something else of the nth answer, as proxies do: a page of their own with a 200, half an answer.
type garbling struct {
	http.RoundTripper
	nth   int
	body  string
	asked int
}

func (g *garbling) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := g.RoundTripper.RoundTrip(req)
	if g.asked++; g.asked != g.nth || err != nil {
		return res, err
	}
	res.StatusCode, res.Body = http.StatusOK, io.NopCloser(bytes.NewBufferString(g.body))
	return res, nil
}

// TestReplicaTakesNoGarbage for an answer: neither a page of the snapshot, the last one not either, nor of the feed.
func TestReplicaTakesNoGarbage(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		for i := range 1_001 {
			s.Set(yes(fmt.Sprintf("shop-%04d", i)))
		}
		for _, body := range []string{
			"", "<html>Sign in</html>", "{}", "null", "[]", `{"data":[]}`, `{"data":[],"next_cursor":null}`,
			`{"data":[],"next_cursor":null,"feed_cursor":"1"}`, `{"data":[],"next_cursor":"1.9999"}`, `{"data":[{"seller_id":"shop-0001"`,
		} {
			for nth := 1; nth <= 3; nth++ {
				through := &garbling{RoundTripper: direct{s}, nth: nth, body: body}
				s.client = client.New(s.URL, s.Key, client.WithHTTPClient(&http.Client{Transport: through}))
				rep := s.replica()
				s.Set(no("shop-0007"))
				s.Set(yes("shop-0007"))
				within(20 * time.Second)
				wantSame(t, rep, s.Server)
				if rep.State().LastError == nil || through.asked < nth {
					t.Errorf("%q as answer %d of %d: no trouble", body, nth, through.asked)
				}
			}
		}
	})
}

// TestReplicaStartsOverWhereAnAnswerIsOfAnotherEpoch: its position may be the same, and what is behind it is not.
func TestReplicaStartsOverWhereAnAnswerIsOfAnotherEpoch(t *testing.T) {
	bubble(t, func(t *testing.T, s *fake) {
		at := s.Set(yes("shop"))
		through := &garbling{RoundTripper: direct{s}, nth: 2, body: fmt.Sprintf(`{"data":[],"next_cursor":"another.%d"}`, at)}
		s.client = client.New(s.URL, s.Key, client.WithHTTPClient(&http.Client{Transport: through}))
		rep := s.replica()
		s.Set(no("shop"))
		within(20 * time.Second)
		wantSame(t, rep, s.Server)
		if err := rep.State().LastError; err == nil || !strings.Contains(err.Error(), "epoch is another") {
			t.Errorf("its last trouble is %v", err)
		}
	})
}

// TestTableTakesNoEntryOfTwoSellers: it can't be told whose the answer is.
func TestTableTakesNoEntryOfTwoSellers(t *testing.T) {
	t.Parallel()
	var table client.Table
	table.Put(ready("s", 1))
	table.StartAt(1)
	mixed := change(ready("other", 2))
	mixed.SellerID = "s"
	if err := table.Apply(mixed); err == nil || errors.Is(err, client.ErrGap) || table.Position() != 1 || table.CanTransact("other") {
		t.Errorf("%v at position %d", err, table.Position())
	}
}
