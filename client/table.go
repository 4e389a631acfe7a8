package client

import (
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
)

// Table is the readiness of many sellers in memory, as of one position of the feed. Any number of goroutines may read while
// one writes; reads take no lock and allocate nothing. What is read of a seller is one whole entry of the feed, and never
// older than what was read of that seller before.
//
// The zero Table is empty and ready to use. It must not be copied.
type Table struct {
	slots    atomic.Pointer[slots]
	position atomic.Int64

	held atomic.Int64

	shared interner // the writer's alone
}

// ErrGap is an entry that does not follow the one before it: something was missed, and the table has to be filled anew.
var ErrGap = errors.New("the feed's positions are not dense")

// longestID is the longest seller's id there is.
const longestID = 255

// CanTransact tells whether the seller may transact; false of one whom the table does not hold.
func (t *Table) CanTransact(sellerID string) bool {
	_, yes := t.find(sellerID)
	return yes
}

// Readiness answers from memory; false where the table does not hold the seller. It is small enough to be a part of who calls
// it: that spares copies.
func (t *Table) Readiness(sellerID string) (ready Readiness, ok bool) {
	ok = t.read(sellerID, &ready)
	return ready, ok
}

func (t *Table) read(sellerID string, into *Readiness) (ok bool) {
	r, _ := t.find(sellerID)
	if r != nil {
		r.fill(into, sellerID)
	}
	return r != nil
}

// Position is how far of the feed the table has come: who sees it sees all that stands up to it.
func (t *Table) Position() int64 { return t.position.Load() }

// Len counts the sellers.
func (t *Table) Len() int { return int(t.held.Load()) }

// All ranges over the sellers in no particular order. Those who are added meanwhile may be left out.
func (t *Table) All() iter.Seq[Readiness] {
	return func(yield func(Readiness) bool) {
		for id, r := range t.rows() {
			if !yield(r.readiness(id)) {
				return
			}
		}
	}
}

func (t *Table) rows() iter.Seq2[string, *row] {
	if s := t.slots.Load(); s != nil {
		return s.all()
	}
	return func(func(string, *row) bool) {}
}

// Put takes what a snapshot says of a seller. For the one writer.
func (t *Table) Put(r Readiness) { t.store(&r) }

// StartAt says as of which position the snapshot was. For the one writer, after its Puts.
func (t *Table) StartAt(position int64) { t.position.Store(position) }

// Apply takes the feed's next entry; ErrGap where it isn't the next one, an error too where it is of two sellers. A snapshot may know more of a seller than an entry
// that follows it; such an entry changes nothing. For the one writer.
func (t *Table) Apply(e FeedEntry) error {
	if next := t.position.Load() + 1; e.Position != next {
		return fmt.Errorf("%w: after %d comes %d", ErrGap, next-1, e.Position)
	}
	if e.SellerID != e.Readiness.SellerID {
		return fmt.Errorf("entry %d is of %q and says what %q can do", e.Position, e.SellerID, e.Readiness.SellerID)
	}
	if held, _ := t.find(e.SellerID); held == nil || held.version <= e.Readiness.Version {
		t.store(&e.Readiness)
	}
	t.position.Store(e.Position) // after the row: whoever sees the position sees the row
	return nil
}

// orUnknown is not_connected where the table does not hold the seller.
func (t *Table) orUnknown(sellerID string) Readiness {
	if r, ok := t.Readiness(sellerID); ok {
		return r
	}
	return unknown(sellerID)
}

// find tells, besides the row, whether the seller can transact.
func (t *Table) find(sellerID string) (*row, bool) {
	s := t.slots.Load()
	if s == nil || len(sellerID) > longestID {
		return nil, false
	}
	return s.find(sellerID)
}

// store leaves out who can't be: an id that is too long would have to be cut, and could then be another's.
func (t *Table) store(r *Readiness) {
	if len(r.SellerID) > longestID {
		return
	}
	p := t.roomy().placeOf(r.SellerID)
	if held, _ := p.load(); held == nil {
		t.held.Add(1)
	}
	p.store(newRow(r, t.shared.share(r)))
}

// roomy answers slots that have room for one more.
func (t *Table) roomy() *slots {
	s := t.slots.Load()
	if s != nil && t.held.Load() < s.most() {
		return s
	}
	s = s.wider()
	t.slots.Store(s)
	return s
}
