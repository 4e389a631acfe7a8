package registry

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/connectd/connectd/client"
)

// publication is what a group makes known of one seller.
type publication struct {
	seller    *holder
	accountID string
	readiness client.Readiness
	cause     Observation
	confirmed bool
	policy    int32
}

func (h *holder) publication() *publication {
	if h.final != nil {
		return h.final
	}
	return &publication{
		seller: h, accountID: h.rec.ID, readiness: readinessOf(h.rec, h.rec.verdict),
		cause: h.cause, confirmed: h.confirmed, policy: h.rec.PolicyVersion,
	}
}

// stored is the readiness as it is kept.
func (p *publication) stored() (json.RawMessage, error) { return p.encode(p.readiness) }

// digest is that of the readiness without its times: two readinesses of one digest differ in nothing that is a change.
func (p *publication) digest() ([]byte, error) {
	timeless := p.readiness
	timeless.AsOf, timeless.CheckedAt = nil, nil
	encoded, err := p.encode(timeless)
	sum := sha256.Sum256(encoded)
	return sum[:], err
}

func (p *publication) encode(r client.Readiness) (json.RawMessage, error) {
	encoded, err := json.Marshal(client.RecordedReadiness{Readiness: r})
	if err != nil {
		return nil, fmt.Errorf("encode readiness of %s: %w", p.accountID, err)
	}
	return encoded, nil
}

// writes is what a group stores, in the rows' JSON as the statements take it. Each publication has its place, ord, among
// the n positions of the feed that the group takes, from 1. at is connectd's clock once all locks but the feed's are held: from
// then on it takes as long as the commit until others read what is published.
type writes struct {
	at        time.Time
	n         int64
	last      Place // of the positions, once they are taken
	accounts  []accountRow
	published []publishedRow
	refused   []string
	moved     []statusMove
}

// publishedRow is a change, or a check that confirmed what is published already; Version is nil for a change, which is its own
// version.
type publishedRow struct {
	Ord           int64           `json:"ord"`
	SellerID      string          `json:"seller_id"`
	AccountID     string          `json:"account_id"`
	Source        Source          `json:"source"`
	EventID       *string         `json:"event_id"`
	RequestID     *string         `json:"request_id"`
	PolicyVersion int32           `json:"policy_version"`
	Readiness     json.RawMessage `json:"readiness"`
	Digest        string          `json:"digest"`
	Version       *int64          `json:"version"`
	AsOf          *time.Time      `json:"as_of"`
	CheckedAt     *time.Time      `json:"checked_at"`
	Traceparent   string          `json:"traceparent,omitempty"` // left out, it is null
}

// collect gathers what the group has to store, each in the order of ids.
func (g *group) collect(at time.Time) (*writes, error) {
	w := &writes{at: at}
	changedAt := map[string]int64{}
	for _, p := range g.publications() {
		changed, err := w.publish(p, changedAt)
		if err != nil {
			return nil, err
		}
		if changed {
			g.countChanged(p.cause.scanID, g.accounts[p.accountID])
		}
	}
	moves := statusMoves{}
	for _, id := range slices.Sorted(maps.Keys(g.accounts)) {
		rec := g.accounts[id]
		if rec.isNew {
			w.refused = append(w.refused, id)
			continue
		}
		if rec.dirty {
			row, err := newAccountRow(rec, changedAt[id])
			if err != nil {
				return nil, err
			}
			w.accounts = append(w.accounts, row)
			moves.add(rec)
		}
	}
	w.moved = moves.rows()
	return w, nil
}

// publications are those of the sellers that the group has touched: of an account that went from one seller to another,
// the former's comes first.
func (g *group) publications() []*publication {
	var former, current []*publication
	for _, id := range slices.Sorted(maps.Keys(g.sellers)) {
		switch seller := g.sellers[id]; {
		case seller.final != nil:
			former = append(former, seller.final)
		case seller.rec != nil:
			current = append(current, seller.publication())
		}
	}
	return append(former, current...)
}

// publish adds a change where readiness differs in more than its times, a check where a retrieval only confirmed it, and
// nothing where an event did.
func (w *writes) publish(p *publication, changedAt map[string]int64) (changed bool, err error) {
	digest, err := p.digest()
	if err != nil {
		return false, err
	}
	changed = !bytes.Equal(digest, p.seller.digest)
	if !changed && !p.confirmed {
		return false, nil
	}
	w.n++
	row, err := p.row(w.n, digest)
	if err != nil {
		return false, err
	}
	if changed {
		changedAt[p.accountID] = w.n
	} else {
		row.Version = &p.seller.version
	}
	w.published = append(w.published, row)
	return changed, nil
}

func (p *publication) row(ord int64, digest []byte) (publishedRow, error) {
	stored, err := p.stored()
	row := publishedRow{
		Ord: ord, SellerID: p.seller.id, AccountID: p.accountID, Source: p.cause.source, RequestID: orNil(p.cause.requestID),
		PolicyVersion: p.policy, Readiness: stored, Digest: `\x` + hex.EncodeToString(digest),
		AsOf: p.readiness.AsOf, CheckedAt: p.readiness.CheckedAt, Traceparent: p.cause.traceparent,
	}
	if p.cause.event != nil {
		row.EventID = &p.cause.event.ID
	}
	return row, err
}
