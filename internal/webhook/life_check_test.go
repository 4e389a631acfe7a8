package webhook_test

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/stripeapi"
)

// row is the account's, all zero where its first connection is not stored yet, of which an event may come before.
func (h *life) row(a *living) client.Account {
	row, err := h.registry.Account(h.ctx, a.id)
	if err != nil && account.KindOf(err) != account.NotFound {
		h.fail("read %s: %v", a.id, err)
	}
	return row
}

// holdYes holds that a row does not say yes as of before a no that it was told. Of an end whose order can't be told by
// Stripe's seconds a retrieval decides, for which the account is due.
func (h *life) holdYes(a *living) {
	h.mu.Lock()
	toldNo, toldEnd := a.toldNo, a.toldEnd
	h.mu.Unlock()
	row := h.row(a)
	if !row.CanTransact {
		return
	}
	as, err := strconv.Atoi(client.Text(row.DisplayName))
	if err != nil {
		h.fail("%s says yes of %q, which Stripe never said", a.id, client.Text(row.DisplayName))
	}
	if toldNo > as {
		h.fail("%s says yes as of moment %d, and was told a no of moment %d", a.id, as, toldNo)
	}
	if due := row.NextCheckAt != nil && !row.NextCheckAt.After(time.Now()); toldEnd > as && !due {
		h.fail("%s says yes as of moment %d, was told its end of moment %d, and is not due", a.id, as, toldEnd)
	}
}

// holdEnd holds the row, and what is published, against the sandbox.
func (h *life) holdEnd(a *living) {
	row := h.row(a)
	if row.DisconnectedAt == nil != a.connected {
		h.fail("%s is connected: %t, at Stripe %t", a.id, row.DisconnectedAt == nil, a.connected)
	}
	if row.CanTransact != (a.connected && a.charges) || h.status(a.seller) != row.Status {
		h.fail("%s: the row says %t and %s, published is %s; at Stripe it is connected %t with charges %t",
			a.id, row.CanTransact, row.Status, h.status(a.seller), a.connected, a.charges)
	}
	if !a.connected {
		return
	}
	shown, err := stripeapi.DecodeAccount(h.get("accounts/" + a.id))
	if err != nil {
		h.fail("%v", err)
	}
	if diff := cmp.Diff(factsOf(shown.Facts), rowFacts(row)); diff != "" {
		h.fail("%s, the sandbox's and the row's: %s", a.id, diff)
	}
}

// shownFacts are those that a row shows as Stripe says them.
type shownFacts struct {
	Type, Name, Country, Currency string
	Charges, Payouts, Details     *bool
	Capabilities                  map[string]string
	Due                           []string
}

func factsOf(f account.Facts) shownFacts {
	return shownFacts{
		f.Type, f.DisplayName, f.Country, f.DefaultCurrency, f.ChargesEnabled, f.PayoutsEnabled, f.DetailsSubmitted, f.Capabilities,
		slices.Concat(f.Requirements.CurrentlyDue),
	}
}

func rowFacts(row client.Account) shownFacts {
	return shownFacts{
		client.Text(row.Type), client.Text(row.DisplayName), client.Text(row.Country), client.Text(row.DefaultCurrency),
		row.ChargesEnabled, row.PayoutsEnabled, row.DetailsSubmitted, row.Capabilities, slices.Concat(row.Requirements.CurrentlyDue),
	}
}

// holdEffects: each event that was delivered is kept once and made one change at the most, each failed payout is told once,
// and the feed has no gap.
func (h *life) holdEffects() {
	var ids []string
	for _, a := range h.accounts {
		ids = append(ids, a.id)
	}
	var kept, told, changes, changing, gap int
	err := h.pool.QueryRow(h.ctx, `select (select count(*) from stripe_events where id = any($1)),
			(select count(*) from river_job where kind = 'event'), count(event_id), count(distinct event_id),
			(select position - (select count(*) from feed_entries) from feed)
		from account_changes where account_id = any($2)`, slices.Collect(maps.Keys(h.events)), ids).
		Scan(&kept, &told, &changes, &changing, &gap)
	if err != nil {
		h.fail("%v", err)
	}
	if kept != len(h.events) || changes != changing || gap != 0 {
		h.fail("%d events were delivered, %d are kept, with %d changes by %d events; %d entries are missing",
			len(h.events), kept, changes, changing, gap)
	}
	if told != h.lived[toTell] {
		h.fail("%d failed payouts were delivered, %d are told", h.lived[toTell], told)
	}
}
