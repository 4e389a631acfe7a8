package client

import (
	"strings"
	"time"
	"unsafe"
)

// row is what is a seller's own; what sellers have in common is shared. It is never changed. A nil pointer of Readiness is
// a zero value here.
//
// The seller's id stands behind the row in the same allocation, after a byte that says its length, and then the other texts:
// a look-up touches the row's page of memory and no other (among a million sellers that is what it costs), and one allocation
// is rounded up instead of four.
type row struct {
	accountID   string
	displayName string
	asOf        time.Time
	checkedAt   time.Time
	version     int64
	shared      *Readiness
}

// roomy is a row with room for texts.
type roomy[Text any] struct {
	row
	text Text
}

func (r *row) sellerID() string {
	text := (*byte)(unsafe.Add(unsafe.Pointer(r), unsafe.Sizeof(*r)))
	return unsafe.String((*byte)(unsafe.Add(unsafe.Pointer(text), 1)), int(*text))
}

// fill points into the row, and so allocates nothing. What the shared part points to at these four is not the seller's, but
// says that there is something; the row's own fields need not be read for that.
func (r *row) fill(ready *Readiness) {
	*ready = *r.shared
	ready.SellerID = r.sellerID()
	ready.Version = r.version
	if ready.AccountID != nil {
		ready.AccountID = &r.accountID
	}
	if ready.DisplayName != nil {
		ready.DisplayName = &r.displayName
	}
	if ready.AsOf != nil {
		ready.AsOf = &r.asOf
	}
	if ready.CheckedAt != nil {
		ready.CheckedAt = &r.checkedAt
	}
}

func (r *row) readiness() (ready Readiness) {
	r.fill(&ready)
	return ready
}

// newRow makes a row, which holds no memory of of's.
func newRow(of, shared *Readiness) *row {
	account, name := Text(of.AccountID), Text(of.DisplayName)
	r, room := rowWithRoom(1 + len(of.SellerID) + len(account) + len(name))
	r.asOf, r.checkedAt, r.version, r.shared = moment(of.AsOf), moment(of.CheckedAt), of.Version, shared
	room[0] = byte(len(of.SellerID))
	_, room = place(room[1:], of.SellerID)
	r.accountID, room = place(room, account)
	r.displayName, _ = place(room, name)
	return r
}

// place puts the text at the start of room, or elsewhere where it is longer than that, and answers the room that is left.
func place(room []byte, text string) (placed string, left []byte) {
	if len(text) > len(room) {
		return strings.Clone(text), room
	}
	copy(room, text)
	return unsafe.String(unsafe.SliceData(room), len(text)), room[len(text):]
}

// rowWithRoom has room for n bytes, or as much as any seller's id needs. Its sizes make the allocator's size classes.
func rowWithRoom(n int) (*row, []byte) {
	switch {
	case n <= 32:
		r := new(roomy[[32]byte])
		return &r.row, r.text[:]
	case n <= 48:
		r := new(roomy[[48]byte])
		return &r.row, r.text[:]
	case n <= 64:
		r := new(roomy[[64]byte])
		return &r.row, r.text[:]
	case n <= 96:
		r := new(roomy[[96]byte])
		return &r.row, r.text[:]
	default:
		r := new(roomy[[1 + longestID + 32]byte])
		return &r.row, r.text[:]
	}
}

// moment is in UTC, which needs no location of its own.
func moment(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.UTC()
}
