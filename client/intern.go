package client

import (
	"bytes"
	"encoding/binary"
	"time"
)

// interner keeps one copy of what many sellers have in common: the status, the reasons, the requirements, the country. It
// forgets what it knows once that is much, so that it can't grow with what is never seen twice; rows keep what is theirs.
type interner struct {
	values map[string]*Readiness
	texts  map[string]*string
	key    []byte     // of the value in hand
	last   *time.Time // that was copied
}

// mostInterned bounds each map.
const mostInterned = 1 << 14

// share answers what r has in common with others, without what is the seller's own.
func (in *interner) share(r *Readiness) *Readiness {
	in.key = appendShared(in.key[:0], r)
	if known, ok := in.values[string(in.key)]; ok {
		return known
	}
	if in.values == nil || len(in.values) == mostInterned {
		in.values = map[string]*Readiness{}
	}
	made := in.copy(r)
	in.values[string(in.key)] = made
	return made
}

// copy is r without the seller's own, holding no memory of r's.
func (in *interner) copy(r *Readiness) *Readiness {
	made := *r
	made.SellerID, made.Version = "", 0
	made.AccountID, made.DisplayName = orNil(r.AccountID, &noText), orNil(r.DisplayName, &noText)
	made.AsOf, made.CheckedAt = orNil(r.AsOf, &noTime), orNil(r.CheckedAt, &noTime)
	made.Status = in.text(r.Status)
	made.Reasons = in.reasons(r.Reasons)
	made.Requirements = in.requirements(&r.Requirements)
	made.Country, made.Currency, made.AtRiskAt = in.textOrNil(r.Country), in.textOrNil(r.Currency), in.moment(r.AtRiskAt)
	return &made
}

func (in *interner) reasons(of []Reason) []Reason {
	made := make([]Reason, len(of))
	for i, r := range of {
		made[i] = Reason{
			Code: in.text(r.Code), Message: in.text(r.Message), Who: in.text(r.Who),
			Requirement: in.text(r.Requirement), Error: in.text(r.Error), Deadline: in.moment(r.Deadline),
		}
	}
	return made
}

func (in *interner) requirements(of *Requirements) Requirements {
	made := Requirements{
		CurrentlyDue: in.list(of.CurrentlyDue), PastDue: in.list(of.PastDue), EventuallyDue: in.list(of.EventuallyDue),
		PendingVerification: in.list(of.PendingVerification), Errors: make([]RequirementError, len(of.Errors)),
		DisabledReason: in.textOrNil(of.DisabledReason), CurrentDeadline: in.moment(of.CurrentDeadline),
	}
	for i, e := range of.Errors {
		made.Errors[i] = RequirementError{Requirement: in.text(e.Requirement), Code: in.text(e.Code), Reason: in.text(e.Reason)}
	}
	return made
}

func (in *interner) list(of []string) []string {
	made := make([]string, len(of))
	for i, text := range of {
		made[i] = in.text(text)
	}
	return made
}

func (in *interner) text(text string) string { return *in.pointer(text) }

func (in *interner) pointer(text string) *string {
	if known, ok := in.texts[text]; ok {
		return known
	}
	if in.texts == nil || len(in.texts) == mostInterned {
		in.texts = map[string]*string{}
	}
	in.texts[text] = &text
	return &text
}

func (in *interner) textOrNil(text *string) *string {
	if text == nil {
		return nil
	}
	return in.pointer(*text)
}

// noText and noTime say that a seller has some.
var (
	noText string
	noTime time.Time
)

func orNil[T any](field, instead *T) *T {
	if field == nil {
		return nil
	}
	return instead
}

// moment copies a time; in a row those that are the same are one, as a deadline is that stands in several places.
func (in *interner) moment(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	if in.last == nil || !in.last.Equal(*at) {
		in.last = new(at.UTC())
	}
	return in.last
}

// appendShared writes what is shared such that two values are written alike only where they are alike.
func appendShared(key []byte, r *Readiness) []byte {
	key = append(key, flags(r.AccountID != nil, r.DisplayName != nil, r.AsOf != nil, r.CheckedAt != nil))
	key = append(key, flags(r.CanTransact, r.CanAcceptPayments, r.CanReceivePayouts, r.AllowUnlink, r.Stale))
	key = appendText(key, r.Status)
	key = appendTexts(key, r.Country, r.Currency, r.Requirements.DisabledReason)
	key = appendTimes(key, r.AtRiskAt, r.Requirements.CurrentDeadline)
	key = binary.AppendUvarint(key, uint64(len(r.Reasons)))
	for i := range r.Reasons {
		reason := &r.Reasons[i]
		key = appendText(key, reason.Code, reason.Message, reason.Who, reason.Requirement, reason.Error)
		key = appendTimes(key, reason.Deadline)
	}
	return appendRequirements(key, &r.Requirements)
}

// alike tells whether two differ in their times at most.
func alike(a, b *Readiness) bool {
	return a.Version == b.Version && Text(a.AccountID) == Text(b.AccountID) && Text(a.DisplayName) == Text(b.DisplayName) &&
		bytes.Equal(appendShared(nil, a), appendShared(nil, b))
}

func appendRequirements(key []byte, r *Requirements) []byte {
	for _, list := range [...][]string{r.CurrentlyDue, r.PastDue, r.EventuallyDue, r.PendingVerification} {
		key = binary.AppendUvarint(key, uint64(len(list)))
		key = appendText(key, list...)
	}
	key = binary.AppendUvarint(key, uint64(len(r.Errors)))
	for _, e := range r.Errors {
		key = appendText(key, e.Requirement, e.Code, e.Reason)
	}
	return key
}

func flags(set ...bool) (bits byte) {
	for i, on := range set {
		if on {
			bits |= 1 << i
		}
	}
	return bits
}

func appendText(key []byte, texts ...string) []byte {
	for _, text := range texts {
		key = append(binary.AppendUvarint(key, uint64(len(text))), text...)
	}
	return key
}

func appendTexts(key []byte, texts ...*string) []byte {
	for _, text := range texts {
		key = append(key, flags(text != nil))
		key = appendText(key, Text(text))
	}
	return key
}

func appendTimes(key []byte, times ...*time.Time) []byte {
	for _, at := range times {
		key = append(key, flags(at != nil))
		if at != nil {
			key = binary.AppendVarint(key, at.Unix())
			key = binary.AppendUvarint(key, uint64(at.Nanosecond()))
		}
	}
	return key
}
