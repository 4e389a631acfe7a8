package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/db"
)

// subjects are the ids that a group's observations concern.
type subjects struct {
	accounts []string
	events   []string
	grants   []grantRow
	sellers  []string // of grants and reassignments
}

type grantRow struct {
	ID       string    `json:"id"`
	SellerID string    `json:"seller_id"`
	Livemode bool      `json:"livemode"`
	At       time.Time `json:"at"`
}

func subjectsOf(obs []Observation) subjects {
	var s subjects
	for _, o := range obs {
		if o.accountID != "" {
			s.accounts = append(s.accounts, o.accountID)
		}
		if o.event != nil {
			s.events = append(s.events, o.event.ID)
		}
		if o.sellerID != "" {
			s.sellers = append(s.sellers, o.sellerID)
		}
		if o.connects() {
			s.grants = append(s.grants, grantRow{o.accountID, o.sellerID, o.livemode, o.interval.To})
		}
	}
	slices.Sort(s.accounts)
	slices.Sort(s.sellers)
	s.accounts, s.sellers = slices.Compact(s.accounts), slices.Compact(s.sellers)
	return s
}

// load is the first round trip. Accounts are locked before sellers, both in the order of ids: two groups never wait for
// each other in a circle. What is looked up after the locks sees all that their last holders committed.
func (r *Registry) load(ctx context.Context, conn *pgx.Conn, g *group, obs []Observation) error {
	s := subjectsOf(obs)
	batch := &pgx.Batch{}
	if conn.PgConn().TxStatus() == idle {
		batch.Queue("begin")
	}
	batch.Queue(db.SetCommitterSettings, strconv.FormatInt(r.cfg.LockWait.Milliseconds(), 10))
	if len(s.events) > 0 {
		batch.Queue(db.JoinEventWriters)
	}
	placed := map[string]bool{}
	if len(s.sellers) > 0 {
		batch.Queue(db.InsertGrantedSellers, g.now, s.sellers)
	}
	if len(s.grants) > 0 {
		if err := queueGrants(batch, s.grants, placed); err != nil {
			return err
		}
	}
	queueRows(batch, db.LockAccounts, func(row db.Account) error {
		rec, err := newRecord(row, placed[row.ID])
		g.accounts[row.ID] = rec
		return err
	}, s.accounts)
	queueRows(batch, db.LockSellers, func(row db.LockSellersRow) error {
		g.sellers[row.ID] = &holder{
			id: row.ID, accountID: client.Text(row.AccountID), digest: row.Digest, version: row.Version,
		}
		return nil
	}, s.sellers, s.accounts)
	queueRows(batch, db.OpenConnections, func(row db.OpenConnectionsRow) error {
		g.open[row.SellerID] = row.AccountID
		return nil
	}, s.sellers)
	queueRows(batch, db.KnownEvents, func(row db.KnownEventsRow) error {
		g.events[row.ID] = Outcome{Result: Result(row.Outcome), Why: client.Text(row.Why)}
		return nil
	}, s.events)
	queueRows(batch, db.PolicyAfter, func(row db.PolicyAfterRow) error {
		if err := r.setPolicy(row.Version, row.Policy); err != nil {
			return err
		}
		g.policy = *r.policy.Load()
		return nil
	}, g.policy.version)
	return conn.SendBatch(ctx, batch).Close()
}

func queueGrants(batch *pgx.Batch, grants []grantRow, placed map[string]bool) error {
	encoded, err := json.Marshal(grants)
	if err != nil {
		return fmt.Errorf("encode grants: %w", err)
	}
	queueRows(batch, db.InsertGrantedAccounts, func(row struct{ ID string }) error {
		placed[row.ID] = true
		return nil
	}, encoded)
	return nil
}

// queueRows queues a query whose rows are handed to use one by one when the batch's results are read.
func queueRows[T any](batch *pgx.Batch, sql string, use func(T) error, args ...any) {
	batch.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
		if err != nil {
			return err
		}
		for _, row := range found {
			if err := use(row); err != nil {
				return err
			}
		}
		return nil
	})
}
