package registry_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
)

// read reads an account's row; ok is false where there is none.
func (h *history) read(id string) (row client.Account, ok bool) {
	row, err := h.registries[0].Account(h.Context(), id)
	if err != nil && account.KindOf(err) != account.NotFound {
		h.Fatal(err)
	}
	return row, err == nil
}

// factsOf is what a row says of a connected account, as the domain has it.
func factsOf(row client.Account) account.Facts {
	f := account.Facts{
		Connected: true, Type: text(row.Type), DisplayName: text(row.DisplayName), Country: text(row.Country),
		DefaultCurrency: text(row.DefaultCurrency), ChargesEnabled: row.ChargesEnabled, PayoutsEnabled: row.PayoutsEnabled,
		DetailsSubmitted: row.DetailsSubmitted, Capabilities: row.Capabilities,
	}
	if r := row.Requirements; r != nil {
		f.Requirements = &account.Requirements{
			CurrentlyDue: r.CurrentlyDue, PastDue: r.PastDue, EventuallyDue: r.EventuallyDue,
			PendingVerification: r.PendingVerification, DisabledReason: text(r.DisabledReason), CurrentDeadline: r.CurrentDeadline,
		}
	}
	return f.Normalize()
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (h *history) position() int64 {
	position, err := h.registries[0].Position(h.Context())
	if err != nil {
		h.Fatal(err)
	}
	return position
}

func queryOne[T any](h *history, sql string, args ...any) T {
	h.Helper()
	rows, err := h.pool.Query(h.Context(), sql, args...)
	if err != nil {
		h.Fatal(err)
	}
	value, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	if err != nil {
		h.Fatal(err)
	}
	return value
}

// holdAgainstEachOther: what is stored of this history, from a position of the feed on, agrees with itself.
func (h *history) holdAgainstEachOther(from int64) {
	const between = `select count(distinct position) from feed_entries where position > $1 and position <= $2`
	if to := h.position(); queryOne[int64](h, between, from, to) != to-from {
		h.Fatalf("the feed's positions from %d to %d are not dense", from, to)
	}
	if n := queryOne[int](h, `select count(*) from stripe_events where starts_with(id, $1)`, "evt_"+h.name+"_"); n != len(h.first) {
		h.Fatalf("%d events arrived, %d are stored", len(h.first), n)
	}
	changes := h.changes(from)
	for _, seller := range h.sellers {
		h.holdPublished(seller, changes)
	}
	for _, id := range h.accounts {
		h.holdHistory(id)
	}
}

func (h *history) changes(from int64) []client.Change {
	rows, err := h.pool.Query(h.Context(), `select position, account_id, seller_id, event_id, before, after from account_changes
		where position > $1 order by position`, from)
	if err != nil {
		h.Fatal(err)
	}
	effects := map[string]bool{}
	changes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c client.Change, err error) {
		var before, after []byte
		if err := row.Scan(&c.Position, &c.AccountID, &c.SellerID, &c.EventID, &before, &after); err != nil {
			return c, err
		}
		if c.EventID != nil && effects[*c.EventID] {
			h.Fatalf("event %s made two changes", *c.EventID)
		}
		effects[text(c.EventID)] = true
		if before != nil {
			err = json.Unmarshal(before, &c.Before)
		}
		if err != nil {
			return c, err
		}
		return c, json.Unmarshal(after, &c.After)
	})
	if err != nil {
		h.Fatal(err)
	}
	return changes
}

// holdPublished: what is published of a seller is the end of its changes, each of which goes on from the one before, and
// agrees with the account's row.
func (h *history) holdPublished(seller string, changes []client.Change) {
	published, err := h.registries[1].Readiness(h.Context(), seller)
	if err != nil {
		h.Fatal(err)
	}
	var last client.Change
	for _, c := range changes {
		if c.SellerID != seller {
			continue
		}
		if last.Position == 0 != (c.Before == nil) {
			h.Fatalf("change %d of %s after %d begins with %v", c.Position, seller, last.Position, c.Before)
		}
		if c.Before != nil {
			h.holdSame("before", timeless(c.Before.Readiness), timeless(last.After.Readiness))
		}
		last = c
	}
	if published.Version != last.Position {
		h.Fatalf("%s is published as of %d, changed at %d", seller, published.Version, last.Position)
	}
	if last.Position > 0 {
		h.holdSame("published", timeless(published), timeless(last.After.Readiness))
	}
	h.holdRow(published)
}

// timeless is readiness without what is no change, and without what is only added when it is read.
func timeless(r client.Readiness) client.Readiness {
	r.AsOf, r.CheckedAt, r.Version, r.Stale = nil, nil, 0, false
	return r
}

func (h *history) holdSame(what string, want, got client.Readiness) {
	h.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		h.Fatalf("%s %s: %s", got.SellerID, what, diff)
	}
}

// holdRow holds what is published of a seller against the rows of the accounts.
func (h *history) holdRow(published client.Readiness) {
	for _, id := range h.accounts {
		row, ok := h.read(id)
		held := ok && row.SellerID == published.SellerID && row.DisconnectedAt == nil
		if held && text(published.AccountID) != id {
			h.Fatalf("%s holds %s, published is %s", published.SellerID, id, text(published.AccountID))
		}
		if text(published.AccountID) != id {
			continue
		}
		if row.SellerID != published.SellerID {
			if published.Status != string(account.Disconnected) || published.CanTransact {
				h.Fatalf("%s lost %s to %s, published is %s", published.SellerID, id, row.SellerID, published.Status)
			}
			continue
		}
		h.holdSame("and its row", timeless(published), client.Readiness{
			SellerID: row.SellerID, AccountID: &id, CanTransact: row.CanTransact, CanAcceptPayments: row.CanAcceptPayments,
			CanReceivePayouts: row.CanReceivePayouts, Status: row.Status, Reasons: row.Reasons, Requirements: requirements(row),
			DisplayName: row.DisplayName, Country: row.Country, Currency: row.DefaultCurrency, AllowUnlink: row.AllowUnlink,
			AtRiskAt: row.AtRiskAt,
		})
		if !sameOrLater(row.AsOf, published.AsOf) || !sameOrLater(row.CheckedAt, published.CheckedAt) {
			h.Fatalf("%s is published as of %v, %v; its row is as of %v, %v", published.SellerID, published.AsOf,
				published.CheckedAt, row.AsOf, row.CheckedAt)
		}
	}
}

func requirements(row client.Account) client.Requirements {
	if row.Requirements != nil {
		return *row.Requirements
	}
	return client.Requirements{
		CurrentlyDue: []string{}, PastDue: []string{}, EventuallyDue: []string{}, PendingVerification: []string{},
		Errors: []client.RequirementError{},
	}
}

func sameOrLater(a, b *time.Time) bool { return b == nil || a != nil && !a.Before(*b) }

// holdHistory: an account's history ends with what its row says.
func (h *history) holdHistory(id string) {
	row, ok := h.read(id)
	if !ok {
		return
	}
	newest, err := h.registries[0].History(h.Context(), id, 0, 1)
	if err != nil {
		h.Fatal(err)
	}
	if len(newest) == 0 {
		h.Fatalf("account %s has no history", id)
	}
	after := newest[0].After
	if newest[0].Position != row.Version || after.Status != row.Status || after.CanTransact != row.CanTransact || after.SellerID != row.SellerID {
		h.Fatalf("account %s is %s for %s as of %d; its history ends with %s for %s at %d", id, row.Status, row.SellerID,
			row.Version, after.Status, after.SellerID, newest[0].Position)
	}
}

// answered is what was said of a seller at a moment.
type answered struct {
	at    time.Time
	ready client.Readiness
}

func (h *history) remember() {
	if h.settled++; h.settled%6 != 0 {
		return
	}
	ready, err := h.registries[0].Readiness(h.Context(), h.sellers[len(h.past)%len(h.sellers)])
	if err != nil {
		h.Fatal(err)
	}
	h.past = append(h.past, answered{time.Now(), ready})
}

// holdPast: whatever came afterwards, a moment is answered as it was then.
func (h *history) holdPast() {
	for _, then := range h.past {
		past, err := h.registries[1].ReadinessAt(h.Context(), then.ready.SellerID, then.at)
		if err != nil {
			h.Fatal(err)
		}
		h.holdSame("then", then.ready, past.Readiness)
	}
}

// holdCounts holds the counts of statuses against the accounts.
func (w *world) holdCounts(t *testing.T) {
	t.Helper()
	var wrong string
	err := w.pool.QueryRow(t.Context(), `select coalesce(string_agg(format('%s %s counted %s', status, a.n, c.accounts), ', '), '')
		from (select status, count(*) as n from accounts group by status) a
		full join (select * from status_counts where accounts <> 0) c using (status)
		where a.n is distinct from c.accounts`).Scan(&wrong)
	if err != nil || wrong != "" {
		t.Errorf("accounts by status: %s, %v", wrong, err)
	}
}
