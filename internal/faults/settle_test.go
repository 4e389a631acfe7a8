//go:build faults

package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
)

// settleWithin is how long everything may take to come right once nothing is broken. Most of it is the wait of a check that has
// failed (a minute, then two).
const settleWithin = 5 * time.Minute

// settle looks until all that is promised holds, and records what it saw last.
func (w *world) settle(products []*product) {
	began := time.Now()
	for {
		lines, err := w.look(products)
		r := w.report()
		for _, l := range lines {
			r.add(l)
		}
		isSettled := err == nil && len(Judge(r)) == 0
		if !isSettled && time.Since(began) < settleWithin {
			pause(w.ctx, time.Second)
			continue
		}
		if err != nil {
			w.t.Errorf("the end can't be seen: %v", err)
		}
		for _, l := range lines {
			w.record.Add(l)
		}
		w.t.Logf("it took %v to settle", time.Since(began).Round(time.Second))
		return
	}
}

// look reads what there is in the end, from Postgres, from Stripe, and from the products' memories.
func (w *world) look(products []*product) ([]Line, error) {
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	var lines []Line
	var all error
	for _, part := range []func(context.Context) ([]Line, error){w.seeStripes, w.seeAccounts, w.seeFeed, w.seeStored, w.seeProducts, w.seeDeliveries} {
		some, err := part(ctx)
		lines, all = append(lines, some...), errors.Join(all, err)
	}
	for _, p := range products {
		for _, part := range []func(context.Context) ([]Line, error){p.compare, p.answers} {
			some, err := part(ctx)
			lines, all = append(lines, some...), errors.Join(all, err)
		}
	}
	return lines, all
}

// seeStripes lists what is connected at Stripe.
func (w *world) seeStripes(ctx context.Context) (lines []Line, err error) {
	ids, err := w.stripe.connected(ctx)
	for _, id := range ids {
		lines = append(lines, Line{Stored: &Stored{Effect: "connected " + id, N: 1}})
	}
	return lines, err
}

func (w *world) seeAccounts(ctx context.Context) ([]Line, error) {
	rows, err := w.database.pool.Query(ctx, `select a.id, a.disconnected_at is null as connected, coalesce(a.charges_enabled, false) as charges,
		coalesce(a.payouts_enabled, false) as payouts, coalesce(a.details_submitted, false) as details, coalesce(a.country, '') as country,
		coalesce(a.default_currency, '') as currency, coalesce(a.requirements, '{}') as requirements, coalesce(a.capabilities, '{}') as capabilities,
		coalesce(c.seller_id, '') as holds, coalesce(s.account_id, '') as tells, coalesce((s.readiness->>'can_transact')::boolean, false) as may,
		coalesce(greatest(a.next_check_at, a.claimed_until), '0001-01-01Z') as due, a.held_back, clock_timestamp() as looked
		from accounts a join sellers s on s.id = a.seller_id left join connections c on c.account_id = a.id and c.disconnected_at is null
		order by a.id`)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[accountRow])
	var lines []Line
	for _, row := range found {
		a := row.account()
		var failed error
		if a.Stripe, failed = w.stripe.facts(ctx, a.ID); failed != nil {
			err = errors.Join(err, failed)
		}
		lines = append(lines, Line{Account: &a})
	}
	return lines, err
}

type accountRow struct {
	ID                                   string
	Connected, Charges, Payouts, Details bool
	Country, Currency, Holds, Tells      string
	Requirements                         struct {
		CurrentlyDue   []string `json:"currently_due"`
		PastDue        []string `json:"past_due"`
		DisabledReason *string  `json:"disabled_reason"`
	}
	Capabilities map[string]string
	May          bool
	Due, Looked  time.Time
	HeldBack     bool
}

func (r accountRow) account() Account {
	a := Account{
		ID: r.ID, Holds: r.Holds, Tells: r.Tells, May: r.May, Looked: r.Looked, HeldBack: r.HeldBack,
		Here: Facts{
			Connected: r.Connected, ChargesEnabled: r.Charges, PayoutsEnabled: r.Payouts, DetailsSubmitted: r.Details,
			Country: r.Country, Currency: r.Currency, CurrentlyDue: r.Requirements.CurrentlyDue, PastDue: r.Requirements.PastDue,
			Capabilities: r.Capabilities,
		},
	}
	if r.Requirements.DisabledReason != nil {
		a.Here.DisabledReason = *r.Requirements.DisabledReason
	}
	if r.Due.Year() > 1 {
		a.DueAt = r.Due
	}
	return a
}

func (w *world) seeFeed(ctx context.Context) ([]Line, error) {
	var f Feed
	err := w.database.pool.QueryRow(ctx, `select (select position from feed), (select count(*) from feed_entries where kind in ('change', 'check')),
		(select coalesce(min(position), 0) from feed_entries), (select coalesce(max(position), 0) from account_changes), (select position from told_changes),
		(select count(*) from deliveries where state = 'pending')`).Scan(&f.Position, &f.Entries, &f.First, &f.Changed, &f.Told, &f.Pending)
	return []Line{{Feed: &f}}, err
}

// effects are what calls are held against, in the words of their effects.
var effects = []string{
	`select 'event ' || id, 1 from stripe_events`,
	`select 'change ' || event_id, count(*) from account_changes where event_id is not null group by event_id`,
	`select 'link ' || encode(token_hash, 'hex'), 1 from onboarding_links`,
	`select 'code ' || encode(code_hash, 'hex'), 1 from oauth_codes where account_id is not null`,
	// What a seller could not have: they have another, or another has it.
	`select 'declined ' || account_id, count(*) from oauth_codes where account_id is not null and outcome <> 'connected' group by account_id`,
	`select 'ended ' || account_id, count(*) from connections where disconnected_at is not null group by account_id`,
	`select 'held ' || account_id || ' ' || seller_id, count(*) from connections group by account_id, seller_id`,
	`select 'endpoint ' || id, 1 from event_endpoints`,
	`select 'told ' || type || ' ' || (body::json->'data'->>'seller_id') || ' ' || (body::json->>'sequence'), count(distinct event_id) from deliveries
		where type like 'seller.%' group by type, body::json->'data'->>'seller_id', body::json->>'sequence'`,
	`select 'sale ' || (body::json->'data'->>'session_id'), count(distinct event_id) from deliveries where type = 'checkout.paid'
		group by body::json->'data'->>'session_id'`,
	`select 'mail ' || cause || ' to ' || seller_id, count(*) from mails where outcome = 'sent' group by cause, seller_id`,
	// A deauthorization of which no order could be told: it was seen, and not its event but a retrieval ended the connection.
	`select 'tie ' || a.id, 1 from accounts a where a.disconnect_reason = 'deauthorized' and not exists (select from account_changes c
		join stripe_events e on e.id = c.event_id where c.account_id = a.id and e.type = 'account.application.deauthorized')`,
	`select 'mailed ' || id, 1 from mails where outcome = 'sent'`,
	`select 'delivered ' || event_id, 1 from deliveries where state = 'delivered'`,
}

func (w *world) seeStored(ctx context.Context) ([]Line, error) {
	var lines []Line
	for _, sql := range effects {
		rows, err := w.database.pool.Query(ctx, sql)
		if err != nil {
			return nil, err
		}
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Stored])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", sql, err)
		}
		for _, s := range found {
			lines = append(lines, Line{Stored: &s})
		}
	}
	return lines, nil
}

// seeProducts reads from Stripe what was made on accounts that are connected.
func (w *world) seeProducts(ctx context.Context) ([]Line, error) {
	on := map[string]bool{}
	for _, c := range w.report().Calls {
		if strings.HasPrefix(c.Effect, "product ") {
			on[c.Account] = true
		}
	}
	var lines []Line
	for _, account := range slices.Sorted(maps.Keys(on)) {
		answer, err := w.stripe.ask(ctx, http.MethodGet, "/v1/products?limit=100", "", "Stripe-Account", account)
		if isRefusal(err) {
			continue // it is not connected
		}
		var page struct {
			Data []struct{ Metadata struct{ Order string } }
		}
		if err != nil || json.Unmarshal(answer, &page) != nil {
			return nil, fmt.Errorf("products of %s: %w: %s", account, err, answer)
		}
		for _, p := range page.Data {
			if p.Metadata.Order == "" {
				continue // of a payment's
			}
			lines = append(lines, Line{Stored: &Stored{Effect: "product " + p.Metadata.Order, N: 1}})
		}
	}
	return lines, nil
}

func (w *world) seeDeliveries(context.Context) (lines []Line, err error) {
	for _, d := range w.stripe.deliveries() {
		lines = append(lines, Line{Delivery: &d})
	}
	return lines, nil
}

// compare sets the replica's sellers beside the API's, of a moment at which both had come equally far.
func (p *product) compare(ctx context.Context) ([]Line, error) {
	memory := p.memory()
	if memory == nil {
		return nil, fmt.Errorf("%s could not follow", p.name)
	}
	for range 100 {
		before := memory.Position()
		has := asAnswered(memory)
		server, position, err := p.snapshot(ctx)
		if err != nil {
			return nil, err
		}
		if before == position && memory.Position() == position {
			return p.copies(has, server)
		}
		pause(ctx, 20*time.Millisecond)
	}
	return nil, fmt.Errorf("%s was never as far as the server: it is at %d", p.name, memory.Position())
}

// asAnswered is every seller as whoever asks the replica is answered.
func asAnswered(memory *client.Replica) map[string]client.Readiness {
	has := map[string]client.Readiness{}
	for r := range memory.All() {
		has[r.SellerID], _ = memory.Readiness(r.SellerID)
	}
	return has
}

// snapshot is every seller, as the database says, and how far it has come.
func (p *product) snapshot(ctx context.Context) (of map[string]client.Readiness, position int64, err error) {
	res, body, err := p.send(ctx, request{
		method: http.MethodGet, path: "/v1/readiness?limit=1000", header: []string{"Cache-Control", "no-cache"},
	})
	if err != nil {
		return nil, 0, err
	}
	var page struct{ Data []client.Readiness }
	if err := json.Unmarshal(body, &page); err != nil || res.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("snapshot: %d %s: %w", res.StatusCode, body, err)
	}
	of = map[string]client.Readiness{}
	for _, r := range page.Data {
		of[r.SellerID] = r
	}
	position, err = strconv.ParseInt(res.Header.Get("Connectd-Position"), 10, 64)
	return of, position, err
}

func (p *product) copies(has, server map[string]client.Readiness) (lines []Line, err error) {
	for seller := range maps.Keys(has) {
		if _, ok := server[seller]; !ok {
			server[seller] = client.Readiness{}
		}
	}
	for _, seller := range slices.Sorted(maps.Keys(server)) {
		c := &Copy{Who: p.name, Seller: seller}
		var failed [2]error
		c.Has, failed[0] = json.Marshal(has[seller])
		c.Server, failed[1] = json.Marshal(server[seller])
		lines, err = append(lines, Line{Copy: c}), errors.Join(err, failed[0], failed[1])
	}
	return lines, err
}

// answers are what the replica and the API say now, whichever way they are asked.
func (p *product) answers(ctx context.Context) (lines []Line, err error) {
	memory := p.memory()
	if memory == nil {
		return nil, fmt.Errorf("%s could not follow", p.name)
	}
	say := func(how string, r client.Readiness, yes bool) {
		a := &Answer{Who: p.name + how, Seller: r.SellerID, Yes: yes}
		if r.AccountID != nil {
			a.Account = *r.AccountID
		}
		lines = append(lines, Line{Answer: a})
	}
	for _, seller := range sellerNames() {
		ready, _ := memory.Readiness(seller)
		say("'s Readiness", ready, ready.CanTransact)
		say("'s CanTransact", ready, memory.CanTransact(seller))
	}
	asked, err := p.of.client().ReadinessBatch(ctx, sellerNames())
	for _, ready := range asked {
		say("'s questions", ready, ready.CanTransact)
	}
	return lines, err
}
