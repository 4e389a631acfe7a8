package sandbox

import "strconv"

// These take over what a form gives and leave the rest as it is. The form was checked before: what is not a number, say,
// is not there.

// assignText clears where the text is empty.
func (p *parameter) assignText(name string, to **string) {
	if p.field(name) != nil {
		*to = pointerTo(p.value(name))
	}
}

func (p *parameter) assignBool(name string, to *bool) {
	if p.field(name) != nil {
		*to = p.isTrue(name)
	}
}

func (p *parameter) assignOptionalBool(name string, to **bool) {
	if p.value(name) != "" {
		*to = new(p.isTrue(name))
	}
}

// number is the child called name, or nil where it was not given.
func (p *parameter) number(name string) *int64 {
	n, err := strconv.ParseInt(p.value(name), 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// decimal is the child called name, or 0 where it was not given.
func (p *parameter) decimal(name string) float64 {
	n, _ := strconv.ParseFloat(p.value(name), 64)
	return n
}

// agrees tells whether is does not contradict the truth value called name; where that was not given, nothing does.
func (p *parameter) agrees(name string, is bool) bool {
	return p.field(name) == nil || p.isTrue(name) == is
}

// isOr tells whether the text called name is this one or was not given.
func (p *parameter) isOr(name, text string) bool {
	return p.field(name) == nil || p.value(name) == text
}
