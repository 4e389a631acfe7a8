package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stripe/stripe-go/v76/webhook"
)

const mostChanging = 300 // accounts that events change

// deliveredBy are the numbers of connections by which events are delivered.
var deliveredBy = []int{32, 128}

// changing is an account that each of its events changes. Its events are delivered in order, by one connection.
type changing struct {
	id      string
	objects [2][]byte // with charges on, and off
	events  int
	since   int64 // by Stripe's clock: after all that is known of the account
}

// ingest delivers signed events, each an account's whole object. The floor of one connection is the least that keeps an event: a
// transaction that inserts its bytes; that of many is the one connection, where each event has a transaction of its own.
func (r *run) ingest(ctx context.Context) error {
	s, err := r.serve(ctx, withCopy)
	if err != nil {
		return err
	}
	accounts, err := r.changingAccounts(ctx)
	if err != nil {
		return err
	}
	least, err := r.inserter(ctx, accounts[0].next())
	if err != nil {
		return err
	}
	alone, err := r.deliverers(ctx, s, accounts, 1)
	if err != nil {
		return err
	}
	of, under, ratio, err := compare(ctx, alone, []worker{least}, r.cfg.For)
	if err != nil {
		return err
	}
	r.addRates("1 connection", "events/s", "a transaction that inserts the event", of, under, ratio)
	for _, n := range deliveredBy {
		many, err := r.deliverers(ctx, s, accounts, n)
		if err != nil {
			return err
		}
		of, under, ratio, err := compare(ctx, many, alone, r.cfg.For)
		if err != nil {
			return err
		}
		r.addRates(fmt.Sprintf("%d connections", n), "events/s", "1 connection, a transaction an event", of, under, ratio)
	}
	return r.kept(ctx)
}

// changingAccounts are some of those that work, as Stripe shows them.
func (r *run) changingAccounts(ctx context.Context) ([]*changing, error) {
	rows, err := r.pool.Query(ctx, `select id from accounts where status = 'enabled' order by id limit $1`, mostChanging)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	accounts := make([]*changing, len(ids))
	for i, id := range ids {
		// All accounts were checked a day ago or before, so that there are seconds for 80,000 events of each.
		accounts[i] = &changing{id: id, since: time.Now().Add(-23 * time.Hour).Unix()}
		if accounts[i].objects, err = r.stripe.objects(ctx, id); err != nil {
			return nil, err
		}
	}
	return accounts, nil
}

// next is the account's next event, a second after the one before.
func (a *changing) next() []byte {
	a.events++
	return fmt.Appendf(nil, `{"id":"evt_%s_%d","object":"event","account":"%s","api_version":"2023-10-16","created":%d,"livemode":false,`+
		`"pending_webhooks":1,"request":{"id":null,"idempotency_key":null},"type":"account.updated","data":{"object":%s}}`,
		a.id, a.events, a.id, a.since+int64(a.events), a.objects[a.events%2])
}

// deliverers are n connections that share the accounts.
func (r *run) deliverers(ctx context.Context, s *serving, accounts []*changing, n int) ([]worker, error) {
	secret := r.stripe.sandbox.Platform().WebhookSecret
	return r.askers(ctx, s.Addr, n, func(connection int) func() []byte {
		at := connection
		return func() []byte {
			body := accounts[at%len(accounts)].next()
			if at += n; at >= len(accounts) {
				at = connection
			}
			signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: time.Now()})
			return post(s.Addr, "/api/connectWebhook", "Content-Type: application/json\r\nStripe-Signature: "+signed.Header+"\r\n", body)
		}
	})
}

// inserter commits an event's bytes, and nothing else.
func (r *run) inserter(ctx context.Context, event []byte) (worker, error) {
	_, err := r.pool.Exec(ctx, `create table bench_events (id bigint generated always as identity primary key, event text not null)`)
	if err != nil {
		return nil, err
	}
	return func() error {
		_, err := r.pool.Exec(ctx, `insert into bench_events (event) values ($1)`, string(event))
		return err
	}, nil
}

// kept says what an event takes, and holds that each was applied: one that was stale would cost less than it should.
func (r *run) kept(ctx context.Context) error {
	var events, others int
	var size, payloads float64
	err := r.pool.QueryRow(ctx, `select count(*), count(*) filter (where outcome <> 'applied'),
		pg_total_relation_size('stripe_events')::float8, sum(pg_column_size(payload))::float8 from stripe_events`).
		Scan(&events, &others, &size, &payloads)
	if err != nil {
		return err
	}
	if others > 0 {
		return fmt.Errorf("%d of %d events were not applied, so that the figures say nothing", others, events)
	}
	r.add(Line{
		What: "an event as it is kept", Value: size / float64(events), Unit: "B", Floor: "its payload", FloorValue: payloads / float64(events),
	})
	return nil
}
