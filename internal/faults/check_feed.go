package faults

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// positionsDense: the feed has an entry at each position from the first to the last, and who followed it was given each once, in
// order.
func positionsDense(r Report) (broken []string) {
	if r.Feed == nil {
		return []string{"nothing was recorded of the feed"}
	}
	if r.Feed.First != 1 || r.Feed.Entries != r.Feed.Position {
		broken = append(broken, fmt.Sprintf("there are %d entries from %d to %d", r.Feed.Entries, r.Feed.First, r.Feed.Position))
	}
	last := map[string]int64{}
	for _, e := range r.Entries {
		if e.Position != last[e.Who]+1 {
			broken = append(broken, fmt.Sprintf("%s was given position %d after %d", e.Who, e.Position, last[e.Who]))
		}
		last[e.Who] = e.Position
	}
	return broken
}

// replicasEqualServer: each seller in a product's memory is as the API answers, and none is missing.
func replicasEqualServer(r Report) (broken []string) {
	for _, c := range r.Copies {
		var has, server any
		if json.Unmarshal(c.Has, &has) != nil || json.Unmarshal(c.Server, &server) != nil || !reflect.DeepEqual(has, server) {
			broken = append(broken, fmt.Sprintf("%s has of %s %s, the server %s", c.Who, c.Seller, c.Has, c.Server))
		}
	}
	return broken
}
