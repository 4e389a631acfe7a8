package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// Account is the account's row. One that is not known is an account.Error.
func (r *Registry) Account(ctx context.Context, id string) (client.Account, error) {
	row, err := r.row(ctx, id)
	if err != nil {
		return client.Account{}, err
	}
	return accountToWire(row)
}

// Revision is the account's revision, to be read before a retrieval of it is sent.
func (r *Registry) Revision(ctx context.Context, id string) (int64, error) {
	row, err := r.row(ctx, id)
	return row.Revision, err
}

func (r *Registry) row(ctx context.Context, id string) (db.Account, error) {
	row, err := r.q.AccountByID(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return db.Account{}, account.Errorf(account.NotFound, "There is no account %q here.", id)
	}
	if err != nil {
		return db.Account{}, fmt.Errorf("read account %s: %w", id, err)
	}
	r.Reach(Place{row.Epoch, row.Position})
	return row.Account, nil
}

// Held is an account that a seller is connected with.
type Held struct {
	client.Account
	// Grant is the interval of the exchange behind the connection.
	Grant account.Interval
}

// HeldBy is the account that the seller is connected with; ok is false where there is none.
func (r *Registry) HeldBy(ctx context.Context, sellerID string) (held Held, ok bool, err error) {
	row, err := r.q.HeldAccount(ctx, sellerID)
	if errors.Is(err, pgx.ErrNoRows) {
		return Held{}, false, nil
	}
	if err != nil {
		return Held{}, false, fmt.Errorf("read the account of seller %s: %w", sellerID, err)
	}
	r.Reach(Place{row.Epoch, row.Position})
	held, err = heldOf(row.Account)
	return held, err == nil, err
}

// Holding is the account with its grant.
func (r *Registry) Holding(ctx context.Context, accountID string) (Held, error) {
	row, err := r.row(ctx, accountID)
	if err != nil {
		return Held{}, err
	}
	return heldOf(row)
}

func heldOf(row db.Account) (Held, error) {
	wire, err := accountToWire(row)
	return Held{Account: wire, Grant: account.Interval{From: row.GrantedFrom, To: row.GrantedAt}}, err
}

func accountToWire(row db.Account) (client.Account, error) {
	a := client.Account{
		ID: row.ID, SellerID: row.SellerID, Livemode: row.Livemode, Type: row.Type, DisplayName: row.DisplayName,
		Country: row.Country, DefaultCurrency: row.DefaultCurrency, ChargesEnabled: row.ChargesEnabled,
		PayoutsEnabled: row.PayoutsEnabled, DetailsSubmitted: row.DetailsSubmitted, Status: row.Status,
		CanTransact: row.CanTransact, CanAcceptPayments: row.CanAcceptPayments, CanReceivePayouts: row.CanReceivePayouts,
		AllowUnlink: row.AllowUnlink, AtRiskAt: row.AtRiskAt, PolicyVersion: row.PolicyVersion,
		JudgeVersion: row.JudgeVersion, AsOf: row.AsOf, AsOfFrom: row.AsOfFrom, CheckedAt: row.CheckedAt,
		NextCheckAt: row.NextCheckAt, CheckFailures: row.CheckFailures, LastCheckError: row.LastCheckError,
		ConnectedAt: row.ConnectedAt, DisconnectedAt: row.DisconnectedAt, DisconnectReason: row.DisconnectReason,
		Revision: row.Revision, Version: row.Version,
	}
	err := errors.Join(
		decodeOptional(row.Requirements, &a.Requirements),
		decodeOptional(row.FutureRequirements, &a.FutureRequirements),
		decodeOptional(row.Capabilities, &a.Capabilities),
		decodeOptional(row.Reasons, &a.Reasons),
	)
	if err != nil {
		return a, fmt.Errorf("account %s as stored: %w", row.ID, err)
	}
	return a, nil
}

// History is an account's changes, newest first, at most limit of them, from before a position (0: from the newest).
func (r *Registry) History(ctx context.Context, accountID string, before int64, limit int) ([]client.Change, error) {
	if before == 0 {
		before = maxPosition
	}
	rows, err := r.q.AccountChanges(ctx, db.AccountChangesParams{AccountID: accountID, Before: before, N: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("read the history of account %s: %w", accountID, err)
	}
	changes := make([]client.Change, 0, len(rows))
	for _, found := range rows {
		r.Reach(Place{found.Epoch, found.Seen})
		c, err := changeToWire(found.AccountChange)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	return changes, nil
}

func changeToWire(row db.AccountChange) (client.Change, error) {
	c := client.Change{
		Position: row.Position, AccountID: row.AccountID, SellerID: row.SellerID, At: row.At, Source: row.Source,
		EventID: row.EventID, RequestID: row.RequestID, PolicyVersion: row.PolicyVersion,
	}
	if err := errors.Join(decodeOptional(row.Before, &c.Before), json.Unmarshal(row.After, &c.After)); err != nil {
		return c, fmt.Errorf("change %d as stored: %w", row.Position, err)
	}
	return c, nil
}

const maxPosition = 1<<63 - 1
