//go:build faults

package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/connectd/connectd/client"
)

func sellerName(i int) string { return fmt.Sprintf("seller-%d", i) }

func sellerNames() []string {
	names := make([]string, sellers+spares)
	for i := range names {
		names[i] = sellerName(i)
	}
	return names
}

// yeses is what somebody is told of each seller, as long as it is a yes.
type yeses struct {
	record *Recorder
	who    string
	open   map[string]*Yes
}

func newYeses(record *Recorder, who string) *yeses {
	return &yeses{record: record, who: who, open: map[string]*Yes{}}
}

// hear takes in an answer to what was asked at a moment.
func (y *yeses) hear(asked time.Time, r client.Readiness) {
	said := y.open[r.SellerID]
	if said != nil && (!r.CanTransact || *r.AccountID != said.Account) {
		y.end(r.SellerID)
		said = nil
	}
	switch {
	case !r.CanTransact:
	case said != nil:
		said.Until = asked
	default:
		y.open[r.SellerID] = &Yes{Who: y.who, Account: *r.AccountID, Seller: r.SellerID, From: asked, Until: asked}
	}
}

func (y *yeses) end(seller string) {
	y.record.Add(Line{Yes: y.open[seller]})
	delete(y.open, seller)
}

// endAll is also what an answer that fails comes to: nobody knows what would have been said.
func (y *yeses) endAll() {
	for seller := range y.open {
		y.end(seller)
	}
}

// product is code that follows with a replica in its memory, and asks it, and asks the API too.
type product struct {
	person
	of   *replica
	file string

	mu        sync.Mutex
	follows   *client.Replica
	isStopped context.CancelFunc
}

func (w *world) product(of *replica) *product {
	return &product{person: w.person("product", "product-"+of.name), of: of, file: filepath.Join(w.t.TempDir(), "snapshot")}
}

// follow starts the replica from its file; while connectd is away it begins with what it knew.
func (p *product) follow() {
	c := Call{Who: p.who, What: p.name + ": follow", From: time.Now(), Outcome: Unknown}
	ctx, stop := context.WithCancel(p.ctx)
	replica, err := p.of.client().Replica(ctx, client.SnapshotFile(p.file), client.StartWithin(time.Minute))
	if c.Until = time.Now(); err != nil {
		stop()
		c.Says = err.Error()
	} else {
		c.Outcome = OK
		p.mu.Lock()
		p.follows, p.isStopped = replica, stop
		p.mu.Unlock()
	}
	p.record.Add(Line{Call: &c})
}

// memory is the replica; nil where none could be started yet.
func (p *product) memory() *client.Replica {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.follows
}

func (p *product) restart() {
	p.isStopped()
	<-p.memory().Done()
	p.follow()
}

// lookUp asks the replica of every seller, again and again, and starts it anew now and then.
func (p *product) lookUp(ctx context.Context) {
	said := newYeses(p.record, p.name+"'s memory")
	defer said.endAll()
	for ctx.Err() == nil {
		if p.memory() == nil {
			p.follow()
			continue
		}
		if p.choose.IntN(200) == 0 {
			said.endAll()
			p.restart()
			continue
		}
		for _, seller := range sellerNames() {
			asked := time.Now()
			if ready, ok := p.memory().Readiness(seller); ok {
				said.hear(asked, ready)
			}
		}
		pause(ctx, 50*time.Millisecond)
	}
}

// askAPI asks the replica's process of every seller.
func (p *product) askAPI(ctx context.Context) {
	said := newYeses(p.record, p.name+"'s questions")
	defer said.endAll()
	for ; ctx.Err() == nil; pause(ctx, 100*time.Millisecond) {
		asked := time.Now()
		few, cancel := context.WithTimeout(ctx, 10*time.Second)
		answers, err := p.of.client().ReadinessBatch(few, sellerNames())
		cancel()
		if err != nil {
			said.endAll()
			continue
		}
		for _, ready := range answers {
			said.hear(asked, ready)
		}
	}
}

// follower follows the feed by hand, through the front, from its beginning.
type follower struct {
	person
	cursor string
}

func (f *follower) do(ctx context.Context) {
	if f.cursor == "" {
		f.begin(ctx)
		return
	}
	res, body, err := f.send(ctx, request{method: http.MethodGet, path: "/v1/changes?wait=2s&limit=1000&after=" + f.cursor})
	if err != nil || res.StatusCode != http.StatusOK {
		return
	}
	var page struct {
		Data       []Entry `json:"data"`
		NextCursor string  `json:"next_cursor"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		f.t.Errorf("a page of the feed: %v", err)
		return
	}
	for _, e := range page.Data {
		e.Who = f.name
		f.record.Add(Line{Entry: &e})
	}
	f.cursor = page.NextCursor
}

// begin finds the feed's epoch.
func (f *follower) begin(ctx context.Context) {
	res, body := f.ask(ctx, request{what: "snapshot", method: http.MethodGet, path: "/v1/readiness?limit=1"}, nil)
	var page struct {
		FeedCursor string `json:"feed_cursor"`
	}
	if res == nil || res.StatusCode != http.StatusOK || json.Unmarshal(body, &page) != nil {
		return
	}
	var epoch, position int64
	if _, err := fmt.Sscanf(page.FeedCursor, "%d.%d", &epoch, &position); err != nil {
		f.t.Errorf("the feed's cursor %q: %v", page.FeedCursor, err)
		return
	}
	f.cursor = fmt.Sprintf("%d.0", epoch)
}
