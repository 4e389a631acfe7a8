package sandbox

import "encoding/json"

const (
	defaultPage = 10
	largestPage = 100
)

// pageRequest is which part of a list is asked for (docs.stripe.com/api/pagination).
type pageRequest struct {
	limit         int
	startingAfter string
	endingBefore  string
}

// listObject is a page as Stripe writes it.
type listObject struct {
	Object  string            `json:"object"`
	Data    []json.RawMessage `json:"data"`
	HasMore bool              `json:"has_more"`
	URL     string            `json:"url"`
}

func (req *apiRequest) page() (pageRequest, error) {
	limit, err := req.form.integer("limit", defaultPage)
	if err != nil {
		return pageRequest{}, err
	}
	if limit < 1 || limit > largestPage {
		return pageRequest{}, badRequest("parameter_invalid_integer", "limit",
			"limit must be between 1 and %d (it currently is '%d').", largestPage, limit)
	}
	p := pageRequest{
		limit: limit, startingAfter: req.form.value("starting_after"), endingBefore: req.form.value("ending_before"),
	}
	if p.startingAfter != "" && p.endingBefore != "" {
		return pageRequest{}, badRequest("", "ending_before", "starting_after and ending_before can't be given together.")
	}
	return p, nil
}

// pageSource is a list in the order of its making, by place: 0 is the oldest.
type pageSource struct {
	what   string
	length int
	// placeOf finds the place of an id, which the platform may see.
	placeOf func(id string) (int, bool)
	// render is the object at a place, or nil where the platform may not see it.
	render func(place int) (json.RawMessage, error)
}

// pageOf is one page of the list, the newest object first.
func (req *apiRequest) pageOf(source pageSource) (json.RawMessage, error) {
	p, err := req.page()
	if err != nil {
		return nil, err
	}
	var data []json.RawMessage
	if p.endingBefore != "" {
		data, err = source.newerThan(p)
	} else {
		data, err = source.olderThan(p)
	}
	if err != nil {
		return nil, err
	}
	more := len(data) > p.limit
	if more && p.endingBefore != "" {
		data = data[1:]
	} else if more {
		data = data[:p.limit]
	}
	return encode(listObject{Object: "list", Data: data, HasMore: more, URL: req.path})
}

// olderThan answers one object more than asked for, if there is one.
func (s pageSource) olderThan(p pageRequest) ([]json.RawMessage, error) {
	from := s.length
	if p.startingAfter != "" {
		place, ok := s.placeOf(p.startingAfter)
		if !ok {
			return nil, badRequest("resource_missing", "starting_after", "No such %s: '%s'", s.what, p.startingAfter)
		}
		from = place
	}
	data := []json.RawMessage{}
	for place := from - 1; place >= 0 && len(data) <= p.limit; place-- {
		object, err := s.render(place)
		if err != nil {
			return nil, err
		}
		if object != nil {
			data = append(data, object)
		}
	}
	return data, nil
}

// newerThan answers one object more than asked for, if there is one, and that first.
func (s pageSource) newerThan(p pageRequest) ([]json.RawMessage, error) {
	before, ok := s.placeOf(p.endingBefore)
	if !ok {
		return nil, badRequest("resource_missing", "ending_before", "No such %s: '%s'", s.what, p.endingBefore)
	}
	data := []json.RawMessage{}
	for place := before + 1; place < s.length && len(data) <= p.limit; place++ {
		object, err := s.render(place)
		if err != nil {
			return nil, err
		}
		if object != nil {
			data = append([]json.RawMessage{object}, data...)
		}
	}
	return data, nil
}
