package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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
