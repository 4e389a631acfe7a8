package client

import (
	"strings"
	"time"
	"unsafe"
)

// row is what is a seller's own; what sellers have in common is shared. It is never changed. A nil pointer of Readiness is
// a zero value here.
//
// Texts stand behind the row in the same allocation, so that one is rounded up instead of three: the seller's id where the
// place in the table has no room for it, the account's, the name.
type row struct {
	shared      *Readiness // first what a look-up reads: it is all in one line of the processor's cache
	version     int64
	accountID   string
	displayName string
	asOf        time.Time
	checkedAt   time.Time
}

// roomy is a row with room for texts.
type roomy[Text any] struct {
	row
	text Text
}

// longID is of n bytes.
func (r *row) longID(n int) string {
	return unsafe.String((*byte)(unsafe.Add(unsafe.Pointer(r), unsafe.Sizeof(*r))), n)
}

// fill points into the row, and so allocates nothing. What the shared part points to at these four is not the seller's, but
// says that there is something; the row's own fields need not be read for that.
func (r *row) fill(ready *Readiness, sellerID string) {
	shared := r.shared
	*ready = *shared
	ready.SellerID = sellerID
	ready.Version = r.version
	if shared.AccountID != nil {
		ready.AccountID = &r.accountID
	}
	if shared.DisplayName != nil {
		ready.DisplayName = &r.displayName
	}
	if shared.AsOf != nil {
		ready.AsOf = &r.asOf
	}
	if shared.CheckedAt != nil {
		ready.CheckedAt = &r.checkedAt
	}
}

func (r *row) readiness(sellerID string) (ready Readiness) {
	r.fill(&ready, sellerID)
	return ready
}

// newRow makes a row, which holds no memory of of's.
func newRow(of, shared *Readiness) *row {
	var longID string
	if len(of.SellerID) > inPlace {
		longID = of.SellerID
	}
	account, name := Text(of.AccountID), Text(of.DisplayName)
	r, room := rowWithRoom(len(longID) + len(account) + len(name))
	r.asOf, r.checkedAt, r.version, r.shared = moment(of.AsOf), moment(of.CheckedAt), of.Version, shared
	_, room = put(room, longID)
	r.accountID, room = put(room, account)
	r.displayName, _ = put(room, name)
	return r
}

// put puts the text at the start of room, or elsewhere where it is longer than that, and answers the room that is left.
func put(room []byte, text string) (placed string, left []byte) {
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
		r := new(roomy[[longestID + 33]byte])
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
