package api_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/waittest"
)

// fromMemory asks until memory answers: it is filled, and is as far as what this process has stored.
func (s server) fromMemory(path string) answer {
	s.t.Helper()
	var got answer
	s.eventually("an answer from memory", func() bool {
		got = s.get(path)
		return got.header.Get("Cache-Status") == "connectd; hit"
	})
	return got
}

func (s server) eventually(what string, holds func() bool) {
	s.t.Helper()
	waittest.Until(s.t, what, holds)
}

func (s server) getWith(path, header, value string) answer {
	s.t.Helper()
	req := newRequest(s.t, http.MethodGet, s.url+path, "")
	req.Header.Set("Authorization", "Bearer "+s.key)
	req.Header.Set(header, value)
	return send(s.t, req)
}

// TestMemoryAnswersToTheByteAsTheDatabaseDoes, in the plainest form and by the operation, for each kind of seller.
func TestMemoryAnswersToTheByteAsTheDatabaseDoes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	sellers := []string{"nobody", "granted"}
	s.observe(registry.Granted(registry.Grant{SellerID: "granted", AccountID: "acct_granted", Interval: account.At(time.Now())}))
	for _, persona := range []string{"complete", "nameless", "restricted", "document_failed", "incomplete", "in_review", "rejected", "restricted_soon"} {
		s.connect(persona, persona)
		sellers = append(sellers, persona)
	}
	for _, seller := range sellers {
		path := "/v1/sellers/" + seller + "/readiness"
		memory, database := s.fromMemory(path), s.getWith(path, "Cache-Control", "no-cache")
		if got := database.header.Get("Cache-Status"); got != "connectd; fwd=request" {
			t.Errorf("%s: no-cache was answered by %q", seller, got)
		}
		operation := s.get("/v1/sellers/%" + fmt.Sprintf("%X", seller[0]) + seller[1:] + "/readiness") // past the plain form
		for by, other := range map[string]answer{"the database": database, "the operation": operation} {
			if !bytes.Equal(memory.body, other.body) {
				t.Errorf("memory\n%s%s\n%s", memory.body, by, other.body)
			}
			for _, name := range []string{"ETag", "Connectd-Position", "Content-Type", "Cache-Control"} {
				if got, want := other.header.Get(name), memory.header.Get(name); got != want || got == "" {
					t.Errorf("%s of %s: %q, memory has %q", name, by, got, want)
				}
			}
		}
		ready := decode[client.Readiness](memory, http.StatusOK)
		if ready.SellerID != seller || ready.Version > positionOf(t, memory) {
			t.Errorf("%+v at %d", ready, positionOf(t, memory))
		}
	}
}

// TestWhatIsKnownIsNotSentAgain, until a byte of it changes.
func TestWhatIsKnownIsNotSentAgain(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	for _, path := range []string{"/v1/sellers/s1/readiness", "/v1/sellers/%731/readiness", "/v1/sellers/s1/readiness?min_position=1"} {
		first := s.fromMemory(path)
		again := s.getWith(path, "If-None-Match", `"other", W/`+first.header.Get("ETag"))
		if again.status != http.StatusNotModified || len(again.body) != 0 || again.header.Get("ETag") != first.header.Get("ETag") {
			t.Errorf("%s: %d %s, ETag %q after %q", path, again.status, again.body, again.header.Get("ETag"), first.header.Get("ETag"))
		}
		if positionOf(t, again) < positionOf(t, first) {
			t.Errorf("%s: position %d after %d", path, positionOf(t, again), positionOf(t, first))
		}
		s.post("/v1/accounts/"+id+"/recheck", "") // only the times move
		changed := s.getWith(path, "If-None-Match", first.header.Get("ETag"))
		if changed.status != http.StatusOK || bytes.Equal(changed.body, first.body) {
			t.Errorf("%s: %d %s", path, changed.status, changed.body)
		}
	}
}

// TestAProcessReadsItsOwnWrites, also where memory answers.
func TestAProcessReadsItsOwnWrites(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	s.fromMemory("/v1/sellers/s1/readiness")
	begin := time.Now().Add(time.Minute).Truncate(time.Second)
	for i := range 100 {
		on := i%2 == 1
		s.observe(registry.Reported(registry.Event{
			ID: fmt.Sprintf("evt_%d", i), Type: "account.updated", Account: id, Created: begin.Add(time.Duration(i) * time.Second),
		}, account.Facts{Connected: true, ChargesEnabled: &on, PayoutsEnabled: &on, DetailsSubmitted: &on}))
		if ready := decode[client.Readiness](s.get("/v1/sellers/s1/readiness"), http.StatusOK); ready.CanAcceptPayments != on {
			t.Fatalf("after write %d: %+v", i, ready)
		}
	}
	s.fromMemory("/v1/sellers/s1/readiness")
}

// TestMemoryJudgesByThePolicyInForce: what another process has changed holds within a lease.
func TestMemoryJudgesByThePolicyInForce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.connect("s1", "complete")
	path := "/v1/sellers/s1/readiness"
	s.fromMemory(path)
	s.exec(`update sellers set readiness = readiness || '{"checked_at": "2020-01-01T00:00:00Z"}'`)
	other := s.beside() // filled with that
	if ready := decode[client.Readiness](other.fromMemory(path), http.StatusOK); !ready.Stale || !ready.CanTransact {
		t.Fatalf("%+v", ready)
	}
	for _, deny := range []bool{true, false} {
		s.denyWhenStale(deny)
		s.eventually("the policy to hold", func() bool {
			got := other.fromMemory(path)
			return decode[client.Readiness](got, http.StatusOK).CanTransact != deny
		})
		if ready := decode[client.Readiness](other.getWith(path, "Cache-Control", "no-cache"), http.StatusOK); ready.CanTransact == deny {
			t.Errorf("the database answers %+v", ready)
		}
	}
}

func (s server) denyWhenStale(deny bool) {
	s.t.Helper()
	policy := account.DefaultPolicy()
	policy.DenyWhenStale = deny
	_, version, err := s.registry.Policy(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.registry.ApplyPolicy(s.t.Context(), policy, version, account.Actor{Name: "test"}); err != nil {
		s.t.Fatal(err)
	}
}

// TestWithoutACopyTheDatabaseAnswers, and the same is said.
func TestWithoutACopyTheDatabaseAnswers(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.connect("s1", "complete")
	off := s
	off.copy = nil
	logger := slog.New(slog.DiscardHandler)
	off.serve(off.config(off.openStripe(logger), logger))
	path := "/v1/sellers/s1/readiness"
	got, held := off.get(path), s.fromMemory(path)
	if got.header.Get("Cache-Status") != "connectd; fwd=miss" || !bytes.Equal(got.body, held.body) {
		t.Errorf("%q: %s", got.header.Get("Cache-Status"), got.body)
	}
}

// TestManyAreAnsweredFromMemoryToo: the database is not there to be asked.
func TestManyAreAnsweredFromMemoryToo(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.connect("s1", "complete")
	s.fromMemory("/v1/sellers/s1/readiness")
	want := s.post("/v1/readiness", `{"seller_ids":["s1","nobody"]}`)
	s.exec(`alter table sellers rename to hidden`)
	defer s.exec(`alter table hidden rename to sellers`)
	got := s.post("/v1/readiness", `{"seller_ids":["s1","nobody"]}`)
	if got.status != http.StatusOK || !bytes.Equal(got.body, want.body) || positionOf(t, got) < positionOf(t, want) {
		t.Errorf("%d %s", got.status, got.body)
	}
	req := newRequest(t, http.MethodPost, s.url+"/v1/readiness", `{"seller_ids":["s1"]}`)
	req.Header.Set("Authorization", "Bearer "+s.key)
	req.Header.Set("Cache-Control", "no-cache")
	if anew := send(t, req); anew.status != http.StatusInternalServerError {
		t.Errorf("no-cache: %d %s", anew.status, anew.body)
	}
}

// TestManyWaitForAPosition that another process has committed, whoever answers.
func TestManyWaitForAPosition(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	s.fromMemory("/v1/sellers/s1/readiness")
	other, err := registry.New(t.Context(), s.pool, registry.Config{})
	if err != nil {
		t.Fatal(err)
	}
	postgrestest.CloseAtEnd(t, other)
	begin := time.Now().Add(time.Minute).Truncate(time.Second)
	by := map[string]int{}
	for i := range 50 {
		on := i%2 == 1
		if _, err := other.Observe(t.Context(), []registry.Observation{registry.Reported(registry.Event{
			ID: fmt.Sprintf("evt_%d", i), Type: "account.updated", Account: id, Created: begin.Add(time.Duration(i) * time.Second),
		}, account.Facts{Connected: true, ChargesEnabled: &on, PayoutsEnabled: &on, DetailsSubmitted: &on})}); err != nil {
			t.Fatal(err)
		}
		position, err := other.Position(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := s.post(fmt.Sprintf("/v1/readiness?min_position=%d", position), `{"seller_ids":["s1"]}`)
		ready := decode[struct{ Data []client.Readiness }](got, http.StatusOK).Data[0]
		if ready.Version != position || positionOf(t, got) < position {
			t.Errorf("version %d at %d, after %d", ready.Version, positionOf(t, got), position)
		}
		by[got.header.Get("Cache-Status")]++
	}
	t.Logf("answered by %v", by)
	if by["connectd; hit"] == 0 {
		t.Error("memory has answered nothing")
	}
}
