package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// walkAtMost is how many deliveries a page looks at for a filter that no index serves; the next page goes on behind them.
const walkAtMost = 2000

// DeliveryQuery asks for deliveries, newest first. What is "" is not asked for.
type DeliveryQuery struct {
	EndpointID, AccountID, EventID string
	State, Type                    string
	Before                         string // the id of the delivery that the page before ended with
	Limit                          int    // how many at most, up to 100
}

// DeliveryPage is a page of deliveries.
type DeliveryPage struct {
	Deliveries []Delivered
	Next       string // the Before of the next page; "" at the end
	Searched   int    // how many were looked at, where that were enough before the page was full; 0
}

// Delivered is a delivery with what people ask of it besides.
type Delivered struct {
	client.Delivery
	EndpointID string
	URL        string // "": the endpoint was deleted
	Off        bool   // the endpoint is switched off
	AccountID  string // that the event is about; "" where it is about none
	SellerID   string // who held it then; "" likewise
	CreatedAt  time.Time
	// Round is which series of attempts this is, each after the first at a person's wish; Tries how many it has made.
	Round, Tries int
}

// States are those that a delivery can have.
func States() []string { return []string{pending, delivered, failed} }

// Find finds deliveries. An unknown state or type is an account.Error.
func (e *Endpoints) Find(ctx context.Context, q DeliveryQuery) (DeliveryPage, error) {
	if q.State != "" && !slices.Contains(States(), q.State) {
		return DeliveryPage{}, account.InvalidField("state", "There is no state %q.", q.State)
	}
	if q.Type != "" && !slices.Contains(everyType(), q.Type) {
		return DeliveryPage{}, account.InvalidField("type", "There is no type of event %q.", q.Type)
	}
	before := cmp.Or(q.Before, endOfIDs)
	found, err := e.find(ctx, q, before)
	if err != nil {
		return DeliveryPage{}, fmt.Errorf("find deliveries: %w", err)
	}
	page := DeliveryPage{Next: found.goesOn, Searched: found.searched}
	if len(found.ids) > q.Limit {
		found.ids = found.ids[:q.Limit]
		page.Next, page.Searched = found.ids[q.Limit-1], 0
	}
	page.Deliveries, err = e.byID(ctx, found.ids)
	return page, err
}

// foundIDs are one more than a page where there are as many; where fewer were found among those looked at, the search goes on.
type foundIDs struct {
	ids      []string
	goesOn   string
	searched int
}

func (e *Endpoints) find(ctx context.Context, q DeliveryQuery, before string) (foundIDs, error) {
	switch {
	case q.EventID != "":
		ids, err := e.q.DeliveriesOfEvent(ctx, db.DeliveriesOfEventParams{
			EventID: q.EventID, Before: before, State: q.State, Type: q.Type, EndpointID: q.EndpointID, AccountID: q.AccountID, N: q.more(),
		})
		return foundIDs{ids: ids}, err
	case q.AccountID == "" && (q.State == failed || q.State == pending):
		ids, err := e.undelivered(ctx, q, before)
		return foundIDs{ids: ids}, err
	}
	return e.walk(ctx, q, before)
}

func (q DeliveryQuery) more() int32 { return int32(q.Limit + 1) } //nolint:gosec // the page's length is bounded

// undelivered are those that have failed, or are still to be made: these wait for another attempt, or were never tried.
func (e *Endpoints) undelivered(ctx context.Context, q DeliveryQuery, before string) ([]string, error) {
	endpoints, err := e.endpointsOf(ctx, q)
	switch {
	case err != nil:
		return nil, err
	case q.State == failed:
		return e.inTrouble(ctx, q, endpoints, "failed", before)
	}
	waiting, err := e.inTrouble(ctx, q, endpoints, "waiting", before)
	if err != nil {
		return nil, err
	}
	// What was never tried is among the newest of its endpoint, though not of all where another endpoint is quicker.
	newest := max(walkAtMost/max(1, len(endpoints)), untriedAmong)
	toBeMade, err := e.q.DeliveriesToBeMade(ctx, db.DeliveriesToBeMadeParams{
		Endpoints: endpoints, Type: q.Type, Before: before, Newest: int32(newest), N: q.more(), //nolint:gosec // walkAtMost at most
	})
	ids := slices.Concat(waiting, toBeMade)
	slices.Sort(ids)
	slices.Reverse(ids)
	return slices.Compact(ids), err
}

// endpointsOf are those that the query asks for: one, or all.
func (e *Endpoints) endpointsOf(ctx context.Context, q DeliveryQuery) ([]string, error) {
	if q.EndpointID != "" {
		return []string{q.EndpointID}, nil
	}
	all, err := e.q.EventEndpoints(ctx)
	ids := make([]string, len(all))
	for i, one := range all {
		ids[i] = one.ID
	}
	return ids, err
}

// inTrouble are those that wait for another attempt, or have failed. Each endpoint and type is a range of the index.
func (e *Endpoints) inTrouble(ctx context.Context, q DeliveryQuery, endpoints []string, trouble, before string) ([]string, error) {
	types := []string{q.Type}
	if q.Type == "" {
		types = everyType()
	}
	return e.q.DeliveriesInTrouble(ctx, db.DeliveriesInTroubleParams{
		Endpoints: endpoints, Types: types, Trouble: trouble, Before: before, N: q.more(),
	})
}

// walked is a delivery that was looked at.
type walked struct {
	ID   string
	Fits bool
}

// walk looks at deliveries one by one, until the page is full or enough were looked at.
func (e *Endpoints) walk(ctx context.Context, q DeliveryQuery, before string) (foundIDs, error) {
	n := q.more()
	if q.State != "" || q.Type != "" || q.AccountID != "" && q.EndpointID != "" {
		n = walkAtMost
	}
	rows, err := e.look(ctx, q, before, n)
	if err != nil {
		return foundIDs{}, err
	}
	var found foundIDs
	for _, row := range rows {
		if row.Fits {
			found.ids = append(found.ids, row.ID)
		}
	}
	if len(rows) == walkAtMost {
		found.goesOn, found.searched = rows[len(rows)-1].ID, walkAtMost
	}
	return found, nil
}

func (e *Endpoints) look(ctx context.Context, q DeliveryQuery, before string, n int32) (rows []walked, err error) {
	switch {
	case q.AccountID != "":
		about, err := e.q.WalkDeliveriesAbout(ctx, db.WalkDeliveriesAboutParams{
			AccountID: q.AccountID, EndpointID: q.EndpointID, State: q.State, Type: q.Type, Before: before, N: n,
		})
		for _, row := range about {
			rows = append(rows, walked(row))
		}
		return rows, err
	case q.EndpointID != "":
		to, err := e.q.WalkDeliveriesTo(ctx, db.WalkDeliveriesToParams{EndpointID: q.EndpointID, State: q.State, Type: q.Type, Before: before, N: n})
		for _, row := range to {
			rows = append(rows, walked(row))
		}
		return rows, err
	}
	all, err := e.q.WalkDeliveries(ctx, db.WalkDeliveriesParams{State: q.State, Type: q.Type, Before: before, N: n})
	for _, row := range all {
		rows = append(rows, walked(row))
	}
	return rows, err
}

func (e *Endpoints) byID(ctx context.Context, ids []string) ([]Delivered, error) {
	rows, err := e.q.DeliveriesByID(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	all := make([]Delivered, len(rows))
	for i, row := range rows {
		if all[i], err = deliveredOf(row); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func deliveredOf(row db.DeliveriesByIDRow) (Delivered, error) {
	d := Delivered{
		Delivery:   client.Delivery{ID: row.ID, EventID: row.EventID, Type: row.Type, State: row.State, NextAttemptAt: row.NextAttemptAt},
		EndpointID: row.EndpointID, URL: client.Text(row.Url), Off: row.DisabledAt != nil, AccountID: client.Text(row.AccountID), SellerID: row.SellerID,
		CreatedAt: row.CreatedAt, Round: int(row.Round), Tries: int(row.Tries),
	}
	if err := json.Unmarshal(row.Attempts, &d.Attempts); err != nil {
		return d, fmt.Errorf("attempts of delivery %s as stored: %w", row.ID, err)
	}
	return d, nil
}

// Delivery is one delivery, with the body as it was sent, or is to be.
func (e *Endpoints) Delivery(ctx context.Context, id string) (d Delivered, body string, err error) {
	found, err := e.byID(ctx, []string{id})
	if err != nil {
		return d, "", err
	}
	if len(found) == 0 {
		return d, "", noDelivery(id)
	}
	body, err = e.q.BodyOfDelivery(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return d, "", noDelivery(id) // deleted since
	}
	if err != nil {
		return d, "", fmt.Errorf("read the body of delivery %s: %w", id, err)
	}
	return found[0], body, nil
}

func noDelivery(id string) *account.Error {
	return account.Errorf(account.NotFound, "There is no delivery %q here.", id)
}
