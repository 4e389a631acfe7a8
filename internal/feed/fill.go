package feed

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
)

// run keeps the copy up until ctx ends:
//
//	fill ─► follow ─► follow ─► …
//	  ▲        │
//	  └────────┘  a hole, a restore, a cursor that is too old: what can't be placed is not guessed at
func (c *Copy) run(ctx context.Context) {
	defer close(c.stopped)
	for ctx.Err() == nil {
		err := c.keep(ctx)
		c.held.Store(nil)
		if ctx.Err() == nil {
			c.logger.WarnContext(ctx, "the copy of readiness in memory has to be filled anew; the database answers until it is", "error", err)
			pause(ctx, retryEvery)
		}
	}
}

// keep fills a table and follows the feed from there, until it can't go on.
func (c *Copy) keep(ctx context.Context) error {
	began := time.Now()
	h, from, err := c.fill(ctx)
	if err != nil {
		return err
	}
	c.logger.InfoContext(ctx, "readiness is held in memory", "sellers", h.Len(), "after", time.Since(began).Round(time.Millisecond).String())
	for {
		found, err := c.feed.After(ctx, Query{After: from, Limit: pageSize})
		switch {
		case account.KindOf(err) == account.Expired || ctx.Err() != nil:
			return err
		case err != nil:
			pause(ctx, retryEvery) // the tail logs that the database can't be read
			continue
		}
		if err := h.apply(found.Entries); err != nil {
			return err
		}
		if c.feed.window.Load().rewinds != h.rewinds {
			return errRewound
		}
		from = found.Next
		if len(found.Entries) > 0 {
			c.moved.tell()
			continue
		}
		c.held.Store(h)
		c.moved.tell()
		select {
		case <-found.More:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// errRewound: since then others may have come to where the table is, with other entries.
var errRewound = errors.New("the feed went back")

func (h *held) apply(entries []Entry) error {
	for _, e := range entries {
		entry := e.FeedEntry
		entry.Readiness = e.published
		if err := h.Apply(entry); err != nil {
			return err
		}
	}
	return nil
}

// fillPage is how many sellers are read at a time.
const fillPage = 500

// fill reads every seller. The feed goes on from where it was when that began, and has all that changed meanwhile. Half of the
// time it rests: requests go first.
func (c *Copy) fill(ctx context.Context) (*held, Cursor, error) {
	rewinds := c.feed.window.Load().rewinds // before anything is read
	from, err := c.feed.Now(ctx)
	if err != nil {
		return nil, from, err
	}
	h, collected := &held{epoch: from.Epoch, rewinds: rewinds}, 0
	for after := ""; ; {
		began := time.Now()
		page, err := c.page(ctx, after)
		if err != nil {
			return nil, from, err
		}
		for _, ready := range page {
			h.Put(ready)
			after = ready.SellerID
		}
		if len(page) < fillPage {
			break
		}
		collected = collect(h.Len(), collected)
		pause(ctx, time.Since(began))
	}
	h.StartAt(from.Position)
	end, err := c.feed.Now(ctx)
	if err != nil {
		return nil, from, err
	}
	c.registry.Reach(end.place()) // some of what was read is as new as that
	return h, from, nil
}

func (c *Copy) page(ctx context.Context, after string) ([]client.Readiness, error) {
	ctx, cancel := context.WithTimeout(ctx, pollWithin)
	defer cancel()
	page, err := c.registry.PublishedAfter(ctx, after, fillPage)
	if err != nil {
		return nil, fmt.Errorf("read sellers after %q: %w", after, err)
	}
	return page, nil
}

// collect has a large table's garbage collected whenever it has grown by a quarter: left to itself the collector lets a process
// grow to several times of what it holds, which after the start it does not need again.
func collect(sellers, collected int) int {
	const large = 100_000
	if sellers <= large || sellers <= collected/4*5 {
		return collected
	}
	runtime.GC()
	return sellers
}
