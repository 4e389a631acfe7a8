package client_test

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/connectd/connectd/client"
)

// ready is what the server says of a seller who can transact.
func ready(sellerID string, version int64) client.Readiness {
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(version) * time.Second)
	checked := at.Add(300 * time.Microsecond)
	return client.Readiness{
		SellerID: sellerID, AccountID: new("acct_1Nv0FGQ9RKHg" + strconv.FormatInt(10_000+version%10_000, 10)), Version: version,
		CanTransact: true, CanAcceptPayments: true, CanReceivePayouts: true, Status: "enabled", Reasons: []client.Reason{},
		Requirements: client.Requirements{
			CurrentlyDue: []string{}, PastDue: []string{}, EventuallyDue: []string{"individual.id_number"},
			PendingVerification: []string{}, Errors: []client.RequirementError{},
		},
		DisplayName: new("Ada's Kiln"), Country: new("US"), Currency: new("usd"), AsOf: &at, CheckedAt: &checked,
	}
}

// restricted is what the server says of a seller who can't.
func restricted(sellerID string, version int64) client.Readiness {
	r := ready(sellerID, version)
	deadline := time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)
	document := "individual.verification.document"
	r.CanTransact, r.CanAcceptPayments, r.AllowUnlink, r.Status = false, false, true, "restricted"
	r.Reasons = []client.Reason{
		{Code: "charges_disabled", Message: "Charges are off (requirements.past_due).", Who: "seller"},
		{
			Code: "requirement_past_due", Message: "Stripe needs " + document + ": it is past due.", Who: "seller",
			Requirement: document, Error: "The document is blurred.", Deadline: &deadline,
		},
	}
	r.Requirements.PastDue = []string{document}
	r.Requirements.DisabledReason, r.Requirements.CurrentDeadline = new("requirements.past_due"), &deadline
	r.Requirements.Errors = []client.RequirementError{{
		Requirement: document, Code: "verification_document_not_readable", Reason: "The document is blurred.",
	}}
	return r
}

func change(r client.Readiness) client.FeedEntry {
	return client.FeedEntry{Position: r.Version, Kind: "change", At: *r.AsOf, SellerID: r.SellerID, Source: "webhook", Readiness: r}
}

func TestTableHoldsWhatTheServerSays(t *testing.T) {
	t.Parallel()
	bare := client.Readiness{
		SellerID: "bare", Status: "disconnected", Stale: true, Reasons: []client.Reason{},
		Requirements: client.Requirements{
			CurrentlyDue: []string{}, PastDue: []string{}, EventuallyDue: []string{}, PendingVerification: []string{},
			Errors: []client.RequirementError{},
		},
	}
	var table client.Table
	for _, want := range []client.Readiness{ready("able", 7), restricted("unable", 9), bare} {
		table.Put(want)
		got, ok := table.Readiness(want.SellerID)
		if diff := cmp.Diff(want, got); diff != "" || !ok {
			t.Errorf("%s: held %v (-said +held):\n%s", want.SellerID, ok, diff)
		}
		if table.CanTransact(want.SellerID) != want.CanTransact {
			t.Errorf("CanTransact(%s) = %v", want.SellerID, !want.CanTransact)
		}
	}
}

func TestTableKnowsNobodyItWasNotToldOf(t *testing.T) {
	t.Parallel()
	var table client.Table
	for range 2 {
		if _, ok := table.Readiness("nobody"); ok || table.CanTransact("nobody") {
			t.Error("answered for a seller it does not hold")
		}
		table.Put(ready("somebody", 1))
	}
}

// TestTableTakesEntriesInOrderAlone: one that is left out could be the one that took a yes.
func TestTableTakesEntriesInOrderAlone(t *testing.T) {
	t.Parallel()
	var table client.Table
	table.StartAt(10)
	if err := table.Apply(change(ready("s", 11))); err != nil {
		t.Fatal(err)
	}
	for _, position := range []int64{10, 11, 13} {
		if err := table.Apply(change(restricted("s", position))); !errors.Is(err, client.ErrGap) {
			t.Errorf("position %d after 11: %v, want ErrGap", position, err)
		}
	}
	if got, _ := table.Readiness("s"); got.Version != 11 || table.Position() != 11 {
		t.Errorf("version %d at position %d, want 11 at 11", got.Version, table.Position())
	}
}

// TestTableKeepsWhatASnapshotKnewBefore: a snapshot's later pages are newer than the position it began at.
func TestTableKeepsWhatASnapshotKnewBefore(t *testing.T) {
	t.Parallel()
	var table client.Table
	table.Put(restricted("s", 12))
	table.StartAt(10)
	if err := table.Apply(change(ready("s", 11))); err != nil {
		t.Fatal(err)
	}
	if table.CanTransact("s") || table.Position() != 11 {
		t.Errorf("CanTransact %v at position %d, want the snapshot's no at 11", table.CanTransact("s"), table.Position())
	}
}

// TestTableIsAMap, however many sellers there are and whatever they share.
func TestTableIsAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var table client.Table
		model := map[string]client.Readiness{}
		writes := rapid.SliceOfN(rapid.IntRange(0, 400), 0, 600).Draw(t, "sellers")
		for i, n := range writes {
			r := anyReadiness().Draw(t, "readiness")
			r.SellerID, r.Version = fmt.Sprintf("s%d", n), int64(i+1)
			model[r.SellerID] = r
			if err := table.Apply(client.FeedEntry{Position: r.Version, SellerID: r.SellerID, Readiness: r}); err != nil {
				t.Fatal(err)
			}
		}
		held := map[string]client.Readiness{}
		for r := range table.All() {
			held[r.SellerID] = r
		}
		if diff := cmp.Diff(model, held); diff != "" {
			t.Fatalf("-said +held:\n%s", diff)
		}
		for id, want := range model {
			if got, ok := table.Readiness(id); !ok || !cmp.Equal(got, want) {
				t.Fatalf("%s: %v", id, cmp.Diff(want, got))
			}
		}
	})
}

// TestTableFindsEachOfMany, and nobody else.
func TestTableFindsEachOfMany(t *testing.T) {
	t.Parallel()
	var table client.Table
	const sellers = 20_000
	for i := range int64(sellers) {
		table.Put(ready(sellerID(i), i))
	}
	for i := range int64(sellers) {
		if r, ok := table.Readiness(sellerID(i)); !ok || r.Version != i || r.SellerID != sellerID(i) {
			t.Fatalf("%s: held %v, %s at version %d", sellerID(i), ok, r.SellerID, r.Version)
		}
		if absent := sellerID(sellers + i); table.CanTransact(absent) {
			t.Fatalf("%s is not there and can transact", absent)
		}
	}
}

// TestTableKeepsIDsWhole, long as they may be: one that was cut could be another's.
func TestTableKeepsIDsWhole(t *testing.T) {
	t.Parallel()
	var table client.Table
	for n := 1; n <= 300; n++ {
		r := ready(strings.Repeat("x", n), int64(n))
		r.DisplayName = new(strings.Repeat("name", n))
		table.Put(r)
		got, ok := table.Readiness(r.SellerID)
		if held := n <= 255; ok != held || held && !cmp.Equal(r, got) {
			t.Fatalf("an id of %d: held %v: %s", n, ok, cmp.Diff(r, got))
		}
	}
}

func anyReadiness() *rapid.Generator[client.Readiness] {
	return rapid.Custom(func(t *rapid.T) client.Readiness {
		r := ready("", 1)
		if rapid.Bool().Draw(t, "restricted") {
			r = restricted("", 1)
		}
		texts := rapid.SampledFrom([]string{"a", "b", "ab", "individual.id_number"})
		lists := rapid.SliceOfN(texts, 0, 3)
		deadline := time.Unix(rapid.Int64Range(1, 3).Draw(t, "deadline"), 5).UTC()
		r.CanReceivePayouts, r.Stale = rapid.Bool().Draw(t, "payouts"), rapid.Bool().Draw(t, "stale")
		r.Requirements.CurrentlyDue = lists.Draw(t, "currently due")
		r.Requirements.PendingVerification = lists.Draw(t, "pending")
		r.AtRiskAt = rapid.SampledFrom([]*time.Time{nil, &deadline}).Draw(t, "at risk")
		r.Country = rapid.Ptr(texts, true).Draw(t, "country")
		r.Currency = rapid.Ptr(texts, true).Draw(t, "currency")
		r.DisplayName = rapid.Ptr(texts, true).Draw(t, "name")
		r.AccountID = rapid.Ptr(texts, true).Draw(t, "account")
		return r
	})
}

func TestReadsOfATableAllocateNothing(t *testing.T) {
	var table client.Table
	table.Put(restricted("s", 1))
	if n := testing.AllocsPerRun(100, func() { _, _ = table.Readiness("s"); _ = table.CanTransact("s") }); n != 0 {
		t.Errorf("a read allocates %v times", n)
	}
}

// TestTableForgetsWhatNobodyShares: deadlines that are never seen twice must not pile up.
func TestTableForgetsWhatNobodyShares(t *testing.T) {
	var table client.Table
	r := ready("s", 1)
	update := func(times int) {
		for range times {
			r.AtRiskAt = new(r.AsOf.Add(time.Duration(r.Version) * time.Second))
			r.Status = "status " + strconv.FormatInt(r.Version, 10)
			table.Put(r)
			r.Version++
		}
	}
	update(20_000)
	before := heap()
	update(60_000)
	if grown := heap() - before; grown > 16<<20 {
		t.Errorf("60,000 updates of one seller left %d bytes", grown)
	}
	runtime.KeepAlive(&table)
}

// TestReadersSeeWholeEntriesInOrder, while the table grows and its sellers change.
func TestReadersSeeWholeEntriesInOrder(t *testing.T) {
	t.Parallel()
	const sellers, entries = 500, 10_000
	var table client.Table
	written := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() { readInOrder(t, &table, sellers, written) })
	}
	for p := int64(1); p <= entries; p++ {
		r := ready(sellerOf(p, sellers), p)
		if p%3 == 0 {
			r = restricted(r.SellerID, p)
		}
		if err := table.Apply(change(r)); err != nil {
			t.Error(err)
		}
	}
	close(written)
	readers.Wait()
}

func sellerOf(position int64, sellers int64) string {
	return strconv.FormatInt(position*7919%sellers, 10)
}

func readInOrder(t *testing.T, table *client.Table, sellers int64, until <-chan struct{}) {
	seen := map[string]int64{}
	for p := int64(0); ; p++ {
		select {
		case <-until:
			return
		default:
		}
		id, reached := sellerOf(p, sellers), table.Position()
		got, ok := table.Readiness(id)
		if !ok {
			if seen[id] != 0 || reached >= sellers {
				t.Errorf("%s was lost at position %d", id, reached)
				return
			}
			continue
		}
		want := ready(id, got.Version)
		if got.Version%3 == 0 {
			want = restricted(id, got.Version)
		}
		if !cmp.Equal(got, want) || got.Version < seen[id] {
			t.Errorf("%s: version %d after %d: %s", id, got.Version, seen[id], cmp.Diff(want, got))
			return
		}
		seen[id] = got.Version
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
