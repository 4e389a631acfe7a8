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

// encode gives the stored form, and a digest of it without its times: two readinesses of one digest differ in nothing that
// is a change.
func (p *publication) encode() (stored json.RawMessage, digest []byte, err error) {
	timeless := p.readiness
	timeless.AsOf, timeless.CheckedAt = nil, nil
	plain, err := json.Marshal(client.RecordedReadiness{Readiness: timeless})
	if err != nil {
		return nil, nil, fmt.Errorf("encode readiness of %s: %w", p.accountID, err)
	}
	sum := sha256.Sum256(plain)
	if stored, err = json.Marshal(client.RecordedReadiness{Readiness: p.readiness}); err != nil {
		return nil, nil, fmt.Errorf("encode readiness of %s: %w", p.accountID, err)
	}
	return stored, sum[:], nil
}

// writes is what a group stores, in the rows' JSON as the statements take it. Each change and each entry has its place,
// ord, among the n positions of the feed that the group takes, from 1.
type writes struct {
	n        int64
	accounts []accountRow
	changes  []changeRow
	entries  []entryRow
	sellers  []sellerRow
	refused  []string
}

type changeRow struct {
	Ord           int64           `json:"ord"`
	AccountID     string          `json:"account_id"`
	SellerID      string          `json:"seller_id"`
	Source        Source          `json:"source"`
	EventID       *string         `json:"event_id"`
	RequestID     *string         `json:"request_id"`
	PolicyVersion int32           `json:"policy_version"`
	Readiness     json.RawMessage `json:"readiness"`
}

// entryRow is a place in the feed; Version is nil for a change, which is its own version.
type entryRow struct {
	Ord       int64      `json:"ord"`
	Kind      string     `json:"kind"`
	SellerID  string     `json:"seller_id"`
	Source    Source     `json:"source"`
	Version   *int64     `json:"version"`
	AsOf      *time.Time `json:"as_of"`
	CheckedAt *time.Time `json:"checked_at"`
}

type sellerRow struct {
	Ord       int64           `json:"ord"`
	ID        string          `json:"id"`
	AccountID string          `json:"account_id"`
	Readiness json.RawMessage `json:"readiness"`
	Digest    string          `json:"digest"`
	Version   *int64          `json:"version"`
}

// collect gathers what the group has to store, each in the order of ids.
func (g *group) collect() (*writes, error) {
	w := &writes{}
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
		}
	}
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

// publish adds a change where readiness differs in more than its times, an entry where a retrieval only confirmed it, and
// nothing where an event did.
func (w *writes) publish(p *publication, changedAt map[string]int64) (changed bool, err error) {
	stored, digest, err := p.encode()
	if err != nil {
		return false, err
	}
	changed = !bytes.Equal(digest, p.seller.digest)
	if !changed && !p.confirmed {
		return false, nil
	}
	w.n++
	entry := entryRow{Ord: w.n, Kind: "change", SellerID: p.seller.id, Source: p.cause.source}
	row := sellerRow{
		Ord: w.n, ID: p.seller.id, AccountID: p.accountID, Readiness: stored, Digest: `\x` + hex.EncodeToString(digest),
	}
	if changed {
		changedAt[p.accountID] = w.n
		w.changes = append(w.changes, p.change(w.n, stored))
	} else {
		entry.Kind, entry.Version, row.Version = "check", &p.seller.version, &p.seller.version
	}
	entry.AsOf, entry.CheckedAt = p.readiness.AsOf, p.readiness.CheckedAt
	w.entries = append(w.entries, entry)
	w.sellers = append(w.sellers, row)
	return changed, nil
}

func (p *publication) change(ord int64, stored json.RawMessage) changeRow {
	row := changeRow{
		Ord: ord, AccountID: p.accountID, SellerID: p.seller.id, Source: p.cause.source,
		RequestID: orNil(p.cause.requestID), PolicyVersion: p.policy, Readiness: stored,
	}
	if p.cause.event != nil {
		row.EventID = &p.cause.event.ID
	}
	return row
}
