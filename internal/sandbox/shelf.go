package sandbox

import "encoding/json"

// owned is an object of the platform's own or of one of its accounts.
type owned[T any] struct {
	Owner  string `json:"owner"`
	Object T      `json:"object"`
}

// identified objects have an id that is theirs alone among those of their owner.
type identified interface{ identity() string }

type shelfKey struct{ owner, id string }

// shelf holds the objects of one kind in the order of their making. What is on it is replaced and never changed, so that
// it can be read after the state's lock was let go. Guarded by that lock.
type shelf[T identified] struct {
	places map[shelfKey]int
	all    []*owned[T] // nil where one was removed
}

func newShelf[T identified]() *shelf[T] {
	return &shelf[T]{places: map[shelfKey]int{}}
}

func (s *shelf[T]) put(o owned[T]) {
	key := shelfKey{o.Owner, o.Object.identity()}
	if place, known := s.places[key]; known {
		s.all[place] = &o
		return
	}
	s.places[key] = len(s.all)
	s.all = append(s.all, &o)
}

func (s *shelf[T]) remove(key shelfKey) {
	if place, known := s.places[key]; known {
		s.all[place] = nil
		delete(s.places, key)
	}
}

// get is nil where the owner has no such object.
func (s *shelf[T]) get(owner, id string) *T {
	place, known := s.places[shelfKey{owner, id}]
	if !known {
		return nil
	}
	return &s.all[place].Object
}

// pages are the owner's objects that are wanted.
func (s *shelf[T]) pages(what, owner string, wanted func(*T) bool) pageSource {
	return pageSource{
		what:   what,
		length: len(s.all),
		placeOf: func(id string) (int, bool) {
			place, known := s.places[shelfKey{owner, id}]
			return place, known
		},
		render: func(place int) (json.RawMessage, error) {
			o := s.all[place]
			if o == nil || o.Owner != owner || !wanted(&o.Object) {
				return nil, nil
			}
			return encode(o.Object)
		},
	}
}
