package notify

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/db"
)

const bodiesAtOnce = 500

// Erase takes the names of a seller, and of the accounts that the seller held last, out of what was sent or is still to be, in
// the transaction that erases the seller. What is being told at this moment it waits for.
func Erase(ctx context.Context, tx pgx.Tx, sellerID string, accounts []string) error {
	q := db.New(tx)
	if err := q.AwaitTelling(ctx); err != nil {
		return fmt.Errorf("wait for what is being told: %w", err)
	}
	if err := q.ForgetLanguage(ctx, sellerID); err != nil {
		return fmt.Errorf("forget the language of seller %s: %w", sellerID, err)
	}
	if err := eraseJobs(ctx, tx, sellerID, accounts); err != nil {
		return err
	}
	for after := ""; ; {
		rows, err := q.DeliveriesOfSeller(ctx, db.DeliveriesOfSellerParams{SellerID: sellerID, AccountIds: accounts, After: after, N: bodiesAtOnce})
		if err != nil {
			return fmt.Errorf("read the deliveries about seller %s: %w", sellerID, err)
		}
		for _, row := range rows {
			after = row.ID
			if err := q.ReplaceBody(ctx, db.ReplaceBodyParams{ID: row.ID, Body: nameless(row.Body)}); err != nil {
				return fmt.Errorf("replace the body of delivery %s: %w", row.ID, err)
			}
		}
		if len(rows) < bodiesAtOnce {
			return nil
		}
	}
}

// eraseJobs does so in events that are jobs, or were within the last day. River's tables are not among those that sqlc
// knows.
func eraseJobs(ctx context.Context, tx pgx.Tx, sellerID string, accounts []string) error {
	rows, err := tx.Query(ctx, `select id, args from river_job where kind = $1
		and (args->'data'->>'seller_id' = $2 or args->'data'->>'account_id' = any($3))`, Event{}.Kind(), sellerID, accounts)
	if err != nil {
		return fmt.Errorf("read the jobs about seller %s: %w", sellerID, err)
	}
	type kept struct {
		ID   int64
		Args json.RawMessage
	}
	jobs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[kept])
	if err != nil {
		return fmt.Errorf("read the jobs about seller %s: %w", sellerID, err)
	}
	for _, job := range jobs {
		if _, err := tx.Exec(ctx, "update river_job set args = $2 where id = $1", job.ID, nameless(string(job.Args))); err != nil {
			return fmt.Errorf("erase names in job %d: %w", job.ID, err)
		}
	}
	return nil
}

// nameless is an event without names. One that can't be read goes whole.
func nameless(body string) string {
	var event, data map[string]json.RawMessage
	if json.Unmarshal([]byte(body), &event) != nil || json.Unmarshal(event["data"], &data) != nil {
		return "{}"
	}
	hide(data)
	for _, part := range []string{"previous", "readiness"} {
		var inner map[string]json.RawMessage
		if json.Unmarshal(data[part], &inner) == nil && inner != nil {
			hide(inner)
			data[part] = encoded(inner)
		}
	}
	event["data"] = encoded(data)
	return string(encoded(event))
}

// hide takes the name out, where there is one.
func hide(of map[string]json.RawMessage) {
	if _, has := of["display_name"]; has {
		of["display_name"] = json.RawMessage("null")
	}
}

// encoded is JSON that was JSON before.
func encoded(of map[string]json.RawMessage) json.RawMessage {
	text, err := json.Marshal(of)
	if err != nil {
		return json.RawMessage("{}")
	}
	return text
}
