package sandbox_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConcurrentChangesAreToldInTheirOrder(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := s.receiver(always(http.StatusOK))
	id := s.account("complete")
	const writers, each = 4, 25
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				s.control("/sandbox/accounts/"+id, fmt.Sprintf(`{"metadata":{"n":"%d.%d"},"email":"%d.%d@a.example"}`, w, i, w, i))
				// Both members are of one change: a reader never sees one without the other.
				o := s.object(id)
				if n := o["metadata"].(map[string]any)["n"]; o["email"] != fmt.Sprint(n, "@a.example") {
					t.Errorf("read %v and %v of two changes", n, o["email"])
				}
			}
		})
	}
	var before any
	for range writers * each {
		e := rec.next()
		if was := e.Data.PreviousAttributes["metadata"].(map[string]any)["n"]; was != before {
			t.Errorf("event says that n was %v, the one before it said %v", was, before)
		}
		before = e.Data.Object["metadata"].(map[string]any)["n"]
	}
	wg.Wait()
	if is := s.object(id)["metadata"].(map[string]any)["n"]; is != before {
		t.Errorf("account has %v, the last event %v", is, before)
	}
}

func TestDisabledEndpointNeverGetsWhatItMissed(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := s.receiver(always(http.StatusOK))
	id := s.account("complete")
	var page struct{ Data []struct{ ID string } }
	s.api(http.MethodGet, "/v1/webhook_endpoints", "").into(t, &page)
	set := func(disabled string) {
		if a := s.api(http.MethodPost, "/v1/webhook_endpoints/"+page.Data[0].ID, "disabled="+disabled); a.status != http.StatusOK {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	set("true")
	s.control("/sandbox/accounts/"+id, `{"metadata":{"n":"missed"}}`)
	set("false")
	s.control("/sandbox/accounts/"+id, `{"metadata":{"n":"told"}}`)
	if diff := cmp.Diff(map[string]any{"n": "told"}, rec.next().Data.Object["metadata"]); diff != "" {
		t.Errorf("first event (-want +got):\n%s", diff)
	}
}

func TestDroppedExchangeHasUsedItsCode(t *testing.T) {
	t.Parallel()
	s := start(t)
	code := s.grant(map[string][]string{"persona": {"complete"}}).Get("code")
	s.control("/sandbox/faults", `[{"path":"/oauth/token","drop":true,"times":1}]`)
	req := s.request(http.MethodPost, "/oauth/token", "grant_type=authorization_code&code="+code+"&client_secret="+s.Platform().Key)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if res, err := s.client.Do(req); err == nil {
		_ = res.Body.Close()
		t.Fatalf("dropped exchange was answered %d", res.StatusCode)
	}
	connected := func() int {
		var page struct{ Data []struct{ ID string } }
		s.api(http.MethodGet, "/v1/accounts", "").into(t, &page)
		return len(page.Data)
	}
	if n := connected(); n != 1 {
		t.Errorf("after the dropped exchange %d accounts are connected", n)
	}
	s.exchange(code)
	if n := connected(); n != 0 {
		t.Errorf("after the code was presented again %d accounts are connected", n)
	}
}
