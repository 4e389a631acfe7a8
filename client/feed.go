package client

import "time"

// FeedEntry is one entry of the change feed. Positions are dense and in the order of commits.
type FeedEntry struct {
	Position int64 `json:"position" doc:"Its place in the feed; each is one more than the one before it"`
	// Kind is change, or check where only the times moved.
	Kind      string    `json:"kind" enum:"change,check" doc:"change, or check where a retrieval only confirmed: the times alone moved"`
	At        time.Time `json:"at" doc:"When connectd stored it"`
	SellerID  string    `json:"seller_id" doc:"Whose readiness it is"`
	Source    string    `json:"source" enum:"oauth,webhook,scan,recheck,import,policy,person" doc:"By what way connectd learned it"`
	Readiness Readiness `json:"readiness" doc:"The seller's readiness as of this entry"`
}

// FeedPage is a part of the feed, oldest entry first.
type FeedPage struct {
	Data []FeedEntry `json:"data" doc:"The entries after the cursor, in order"`
	// NextCursor is where to go on from, also where there was nothing.
	NextCursor string `json:"next_cursor" doc:"Where to go on from, EPOCH.POSITION; never null"`
	// StaleAfter and DenyWhenStale are for who holds a copy: that a check is too long ago is no entry.
	StaleAfter    float64 `json:"stale_after" doc:"Seconds after checked_at from which readiness is stale: a copy judges that when it is read"`
	DenyWhenStale bool    `json:"deny_when_stale" doc:"Whether can_transact is false, with the reason stale first, where readiness is stale"`
}

// SnapshotPage is a part of the snapshot: every seller who was ever connected.
type SnapshotPage struct {
	Data       []Readiness `json:"data" doc:"Sellers' readiness, by their ids"`
	NextCursor *string     `json:"next_cursor" doc:"The next page; null at the end"`
	// FeedCursor is where the feed goes on from once the last page was read; it is the same on each page.
	FeedCursor string `json:"feed_cursor" doc:"Where the feed goes on from once the last page was read; the same on each page"`
	// StaleAfter and DenyWhenStale are those of FeedPage.
	StaleAfter    float64 `json:"stale_after" doc:"Seconds after checked_at from which readiness is stale: a copy judges that when it is read"`
	DenyWhenStale bool    `json:"deny_when_stale" doc:"Whether can_transact is false, with the reason stale first, where readiness is stale"`
}
