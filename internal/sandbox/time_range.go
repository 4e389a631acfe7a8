package sandbox

import "math"

// timeRange is from when to when, in Unix seconds, both included.
type timeRange struct{ from, to int64 }

// readTimeRange reads a filter such as created[gte]=1700000000, or created=1700000000; nil is all time.
func readTimeRange(given *parameter) (timeRange, error) {
	r := timeRange{math.MinInt64, math.MaxInt64}
	if given != nil && given.isText {
		at := (&parameter{fields: map[string]*parameter{"at": given}}).number("at")
		if at == nil {
			return r, badRequest("parameter_invalid_integer", "created", "Invalid integer: %s", given.text)
		}
		return timeRange{*at, *at}, nil
	}
	for _, name := range given.names() {
		bound := given.number(name)
		if bound == nil {
			return r, badRequest("parameter_invalid_integer", nested("created", name), "Invalid integer: %s", given.value(name))
		}
		r.narrow(name, *bound)
	}
	return r, nil
}

func (r *timeRange) narrow(name string, bound int64) {
	switch name {
	case "gte":
		r.from = max(r.from, bound)
	case "gt":
		r.from = max(r.from, bound+1)
	case "lte":
		r.to = min(r.to, bound)
	case "lt":
		r.to = min(r.to, bound-1)
	}
}

func (r timeRange) has(at int64) bool { return r.from <= at && at <= r.to }
