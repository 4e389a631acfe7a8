package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/db"
)

// commit runs one group in one transaction, in two round trips: locks and look-ups, then writes. What a pass would take from
// an account, and what has to be told, take more. It answers the first of obs, at least one; the others have to come in the next transaction.
func (r *Registry) commit(ctx context.Context, conn *pgx.Conn, obs []Observation) (outs []Outcome, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, rollback(conn))
		}
	}()
	tx, err := beginFor(ctx, conn, obs)
	if err != nil {
		return nil, err
	}
	g := r.newGroup()
	if err := r.load(ctx, conn, g, obs); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if err := r.loadBrake(ctx, conn, g, obs); err != nil {
		return nil, fmt.Errorf("load the brake: %w", err)
	}
	for _, o := range obs {
		if g.comesNext(o) {
			break
		}
		outs = append(outs, g.observe(o))
	}
	if err := r.store(ctx, conn, tx, g); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if g.dueNow {
		r.wake()
	}
	return outs, nil
}

// beginFor begins the transaction by itself where jobs may go into it; else load begins it, without a round trip.
func beginFor(ctx context.Context, conn *pgx.Conn, obs []Observation) (pgx.Tx, error) {
	if !slices.ContainsFunc(obs, func(o Observation) bool { return o.notice != nil }) {
		return nil, nil
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	return tx, nil
}

func (r *Registry) newGroup() *group {
	return &group{
		now: r.now(), policy: *r.policy.Load(), nextCheck: r.nextCheck,
		accounts: map[string]*record{}, sellers: map[string]*holder{},
		open: map[string]string{}, events: map[string]Outcome{}, scans: map[string]*scanCount{},
	}
}

// now is connectd's clock as Postgres keeps it.
func (r *Registry) now() time.Time { return r.cfg.Now().UTC().Truncate(time.Microsecond) }

// rollback ends the transaction; a connection on which it fails is closed, which ends it too.
func rollback(conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if conn.IsClosed() {
		return nil
	}
	if _, err := conn.Exec(ctx, "rollback"); err != nil {
		return errors.Join(err, conn.Close(ctx))
	}
	return nil
}

// idle is the status of a connection without a transaction (postgresql.org/docs/current/protocol-message-formats.html).
const idle = 'I'

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

// store is the second round trip. The feed's counter is locked last, and until the commit.
func (r *Registry) store(ctx context.Context, conn *pgx.Conn, tx pgx.Tx, g *group) error {
	w, err := g.collect(r.now())
	if err != nil {
		return err
	}
	batch := &jsonBatch{Batch: &pgx.Batch{}}
	told := g.queueWrites(batch, w)
	if batch.err != nil {
		return batch.err
	}
	if len(g.notices) > 0 {
		if err := conn.SendBatch(ctx, batch.Batch).Close(); err != nil {
			return err
		}
		if err := r.tell(ctx, tx, g.notices, told); err != nil {
			return fmt.Errorf("tell: %w", err)
		}
		batch.Batch = &pgx.Batch{}
	}
	batch.Queue("commit").Exec(committed)
	if err := conn.SendBatch(ctx, batch.Batch).Close(); err != nil {
		return err
	}
	r.Reach(w.last)
	return nil
}

// committed: Postgres answers commit with ROLLBACK where the transaction had failed.
func committed(tag pgconn.CommandTag) error {
	if tag.String() != "COMMIT" {
		return fmt.Errorf("commit answered %s", tag)
	}
	return nil
}

func (g *group) queueWrites(b *jsonBatch, w *writes) *telling {
	queueJSON(b, db.InsertEvents, g.newEvents, g.now)
	queueJSON(b, db.UpdateReplayedEvents, g.replayed)
	queueJSON(b, db.InsertAudit, g.audited, g.now)
	if len(w.refused) > 0 {
		b.Queue(db.DeleteRefusedAccounts, w.refused)
	}
	queueJSON(b, db.CloseConnections, g.closed)
	queueJSON(b, db.RenameDisconnections, g.renamed)
	queueJSON(b, db.OpenNewConnections, g.opened)
	if w.n > 0 || len(w.moved) > 0 {
		b.Queue(db.TakePositions, w.n).QueryRow(func(row pgx.Row) error { return row.Scan(&w.last.Epoch, &w.last.Position) })
	}
	queueJSON(b, db.MoveStatusCounts, w.moved)
	queueJSON(b, db.UpdateAccounts, w.accounts, w.n)
	queueJSON(b, db.Publish, w.published, w.n, w.at)
	queueJSON(b, db.InsertFindings, g.findings) // by the counts of before
	queueJSON(b, db.CountScanned, g.scanCounts())
	if g.brake.taken > 0 {
		b.Queue(db.InsertBrakeTakes, g.now, g.brake.taken)
	}
	if w.n > 0 {
		b.Queue(db.NotifyFeed)
	}
	return g.queueTelling(b)
}

// jsonBatch remembers the first error of encoding.
type jsonBatch struct {
	*pgx.Batch
	err error
}

// queueJSON queues a statement whose last parameter is rows as JSON; without rows there is nothing to do.
func queueJSON[T any](b *jsonBatch, sql string, rows []T, args ...any) {
	if len(rows) == 0 || b.err != nil {
		return
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		b.err = fmt.Errorf("encode rows: %w", err)
		return
	}
	b.Queue(sql, append(args, encoded)...)
}
