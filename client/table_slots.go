package client

import (
	"encoding/binary"
	"iter"
	"math/bits"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"unsafe"
)

// slots is an open-addressed hash table, probed place by place. A place once taken stays its seller's: none is removed.
type slots struct {
	keys   hashKeys
	places []place
}

// place is one seller's. It has the seller's id, and says by the row's address whether the seller can transact: among a million
// sellers each page of memory that a look-up touches costs as much as the rest of it, and so CanTransact touches one.
type place struct {
	held atomic.Pointer[byte] // the row's first byte, or its second where the seller can transact; nil where nobody is
	tag  uint16               // of the id; neither is changed once a row is held
	id   [inPlace]byte        // where it is longer the row has it
}

// inPlace is for UUIDs too, and makes a place 48 bytes.
const inPlace = 38

// home answers where to look first, and the tag: the id's length beside eight bits of the hash, so that others' ids are seldom
// read.
func (s *slots) home(sellerID string) (at int, tag uint16) {
	hash := s.keys.hash(sellerID)
	scaled, _ := bits.Mul64(hash, uint64(len(s.places)))
	return int(scaled), uint16(hash)<<8 | uint16(len(sellerID))
}

// find answers nil where nobody has the id, which has to be no longer than longestID.
func (s *slots) find(sellerID string) (*row, bool) {
	at, tag := s.home(sellerID)
	for {
		p := &s.places[at]
		r, canTransact := p.load()
		if r == nil || p.tag == tag && p.sellerID(r) == sellerID {
			return r, canTransact
		}
		if at++; at == len(s.places) {
			at = 0
		}
	}
}

// placeOf is the seller's place, or a free one that becomes the seller's with its first row.
func (s *slots) placeOf(sellerID string) *place {
	at, tag := s.home(sellerID)
	for {
		p := &s.places[at]
		r, _ := p.load()
		if r == nil {
			p.tag = tag
			copy(p.id[:], sellerID)
			return p
		}
		if p.tag == tag && p.sellerID(r) == sellerID {
			return p
		}
		if at++; at == len(s.places) {
			at = 0
		}
	}
}

func (p *place) load() (r *row, canTransact bool) {
	held := unsafe.Pointer(p.held.Load())
	if held == nil {
		return nil, false
	}
	odd := uintptr(held) & 1
	return (*row)(unsafe.Add(held, -int(odd))), odd == 1
}

func (p *place) store(r *row) {
	held := unsafe.Pointer(r)
	if r.shared.CanTransact {
		held = unsafe.Add(held, 1)
	}
	p.held.Store((*byte)(held))
}

// sellerID is a part of the place or of r, which it holds: who keeps it keeps all the slots.
func (p *place) sellerID(r *row) string {
	n := int(p.tag & 0xff)
	if n > inPlace {
		return r.longID(n)
	}
	return unsafe.String(&p.id[0], n)
}

// most is how many sellers the slots are for: a quarter of the places stays free, so that look-ups end soon.
func (s *slots) most() int64 { return int64(len(s.places) / 4 * 3) }

const fewestPlaces = 64

// wider copies the slots to half as many more; of nil it makes the first. Readers of the old ones miss what is written from
// now on, and none reads old ones after new ones.
func (s *slots) wider() *slots {
	if s == nil {
		return &slots{keys: newHashKeys(), places: make([]place, fewestPlaces)}
	}
	wider := &slots{keys: s.keys, places: make([]place, len(s.places)/2*3)}
	for i := range s.places {
		if r, _ := s.places[i].load(); r != nil {
			wider.placeOf(s.places[i].sellerID(r)).store(r)
		}
	}
	return wider
}

func (s *slots) all() iter.Seq2[string, *row] {
	return func(yield func(string, *row) bool) {
		for i := range s.places {
			p := &s.places[i]
			if r, _ := p.load(); r != nil && !yield(strings.Clone(p.sellerID(r)), r) {
				return
			}
		}
	}
}

// hashKeys make a hash of their own: nobody can choose ids that meet. Each eight bytes are multiplied and folded, as wyhash
// does (github.com/wangyi-fudan/wyhash). Of an id it takes a third of what hash/maphash does, which would be half of a
// look-up.
type hashKeys struct{ start, factor uint64 }

func newHashKeys() hashKeys { return hashKeys{rand.Uint64(), rand.Uint64() | 1} }

func (k hashKeys) hash(id string) uint64 {
	hash, n := k.start^uint64(len(id)), len(id)
	if n < 8 {
		var padded [8]byte
		copy(padded[:], id)
		return k.fold(hash ^ binary.LittleEndian.Uint64(padded[:]))
	}
	text := unsafe.Slice(unsafe.StringData(id), n)
	for rest := text; len(rest) > 8; rest = rest[8:] {
		hash = k.fold(hash ^ binary.LittleEndian.Uint64(rest))
	}
	return k.fold(hash ^ binary.LittleEndian.Uint64(text[n-8:])) // some of these bytes may be there twice
}

func (k hashKeys) fold(x uint64) uint64 {
	high, low := bits.Mul64(x, k.factor)
	return high ^ low
}
