package client

import (
	"hash/maphash"
	"iter"
	"math/bits"
	"sync/atomic"
)

// slots is an open-addressed hash table, probed group by group. A place once taken stays its seller's: none is removed.
type slots struct {
	seed   maphash.Seed
	groups []group // a power of two
}

// group is one line of the processor's cache. Its places are taken in order. A tag is seven bits of the hash and a bit set, at
// the place of its row in tags, so that a look-up follows seldom another pointer than the one that it is for: each that it
// follows costs as much as the whole look-up.
type group struct {
	tags atomic.Uint64
	rows [places]atomic.Pointer[row]
}

const (
	places       = 7
	fewestGroups = 8
	eachPlace    = 0x01010101010101 // one bit a place
)

func (s *slots) hash(sellerID string) (at, tag uint64) {
	hash := maphash.String(s.seed, sellerID)
	return hash, hash>>57 | 1<<7
}

func (s *slots) find(sellerID string) *row {
	at, tag := s.hash(sellerID)
	for last := uint64(len(s.groups) - 1); ; at++ {
		g := &s.groups[at&last]
		tags := g.tags.Load()
		for hits := matches(tags, tag); hits != 0; hits &= hits - 1 {
			if r := g.rows[bits.TrailingZeros64(hits)/8].Load(); r.sellerID() == sellerID {
				return r
			}
		}
		if taken(tags) < places {
			return nil
		}
	}
}

// matches has a bit set in the byte of each place whose tag it is, and seldom in another's
// (graphics.stanford.edu/~seander/bithacks.html#ZeroInWord).
func matches(tags, tag uint64) uint64 {
	differ := tags ^ tag*eachPlace
	return (differ - eachPlace) &^ differ & (eachPlace << 7)
}

func taken(tags uint64) int { return (bits.Len64(tags) + 7) / 8 }

// replace puts the row in the place of its seller's former one, if there is one.
func (s *slots) replace(made *row) bool {
	at, tag := s.hash(made.sellerID())
	for last := uint64(len(s.groups) - 1); ; at++ {
		g := &s.groups[at&last]
		tags := g.tags.Load()
		for hits := matches(tags, tag); hits != 0; hits &= hits - 1 {
			place := &g.rows[bits.TrailingZeros64(hits)/8]
			if place.Load().sellerID() == made.sellerID() {
				place.Store(made)
				return true
			}
		}
		if taken(tags) < places {
			return false
		}
	}
}

// add takes a free place for the row of a seller who has none.
func (s *slots) add(made *row) {
	at, tag := s.hash(made.sellerID())
	for last := uint64(len(s.groups) - 1); ; at++ {
		g := &s.groups[at&last]
		tags := g.tags.Load()
		if free := taken(tags); free < places {
			g.rows[free].Store(made)
			g.tags.Store(tags | tag<<(8*free)) // after the row: whoever sees the tag finds the row
			return
		}
	}
}

// most is how many sellers the slots are for: an eighth of the places stays free, so that look-ups end soon.
func (s *slots) most() int64 { return int64(len(s.groups) * places / 8 * 7) }

// doubled copies the slots; of nil it makes the first. Readers of the old ones miss what is written from now on, and none
// reads old ones after new ones.
func (s *slots) doubled() *slots {
	if s == nil {
		return &slots{seed: maphash.MakeSeed(), groups: make([]group, fewestGroups)}
	}
	wider := &slots{seed: s.seed, groups: make([]group, 2*len(s.groups))}
	for r := range s.all() {
		wider.add(r)
	}
	return wider
}

func (s *slots) all() iter.Seq[*row] {
	return func(yield func(*row) bool) {
		for i := range s.groups {
			g := &s.groups[i]
			for place := range taken(g.tags.Load()) {
				if !yield(g.rows[place].Load()) {
					return
				}
			}
		}
	}
}
