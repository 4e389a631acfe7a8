package api

import (
	"context"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/feed"
)

const (
	// positionWithin bounds how long an answer waits for a position of the feed.
	positionWithin = 250 * time.Millisecond
	// behindWithin is how long it waits for the copy to come to what this process knows to be there: a poll takes a few
	// milliseconds.
	behindWithin = 50 * time.Millisecond
)

// question is what is asked of sellers' readiness.
type question struct {
	least int64 // a position that the answer has to have seen, if that comes in time
	anew  bool  // the database is to answer
}

// told is an answer. It has seen position at, or more.
type told struct {
	ready client.Readiness
	at    int64
	by    provenance
}

// provenance says who has answered, in the words of Cache-Status (RFC 9211).
type provenance string

const (
	byCopy     provenance = "connectd; hit"
	bidden     provenance = "connectd; fwd=request" // the caller wants the database's answer, or Stripe's
	notHeld    provenance = "connectd; fwd=miss"    // the copy is switched off, or not filled yet
	notCurrent provenance = "connectd; fwd=stale"   // the copy has no lease, or is behind
)

// tell answers from the copy where that is true now, else from the database.
func (s *service) tell(ctx context.Context, sellerID string, q question) (told, error) {
	if q.anew {
		return s.tellFromDatabase(ctx, sellerID, q, bidden)
	}
	ready, at, standing := s.cfg.Copy.Read(sellerID, q.least)
	switch standing {
	case feed.Answers:
		return told{ready, at, byCopy}, nil
	case feed.Behind:
		return s.tellOnceCaughtUp(ctx, sellerID, q)
	case feed.Unfilled:
		return s.tellFromDatabase(ctx, sellerID, q, notHeld)
	}
	return s.tellFromDatabase(ctx, sellerID, q, notCurrent)
}

// tellOnceCaughtUp waits for the copy, but only so long.
func (s *service) tellOnceCaughtUp(ctx context.Context, sellerID string, q question) (told, error) {
	end := time.Now().Add(s.patience(q))
	for s.cfg.Copy.Await(ctx, q.least, time.Until(end)) {
		if ready, at, standing := s.cfg.Copy.Read(sellerID, q.least); standing == feed.Answers {
			return told{ready, at, byCopy}, nil
		}
	}
	if time.Now().After(end) {
		q.least = 0 // it was waited for
	}
	return s.tellFromDatabase(ctx, sellerID, q, notCurrent)
}

// patience is how long an answer waits for the copy.
func (s *service) patience(q question) time.Duration {
	if q.least > 0 {
		return s.positionWithin
	}
	return behindWithin
}

func (s *service) tellFromDatabase(ctx context.Context, sellerID string, q question, by provenance) (told, error) {
	if q.least > 0 {
		if _, err := s.cfg.Registry.AwaitPosition(ctx, q.least, s.positionWithin); err != nil {
			return told{}, err
		}
	}
	ready, at, err := s.cfg.Registry.ReadinessOf(ctx, sellerID)
	return told{ready, at.Position, by}, err
}

// tellMany answers of each, in the order asked, as of one position or later.
func (s *service) tellMany(ctx context.Context, sellerIDs []string, q question) (
	found []client.Readiness, at int64, by provenance, err error,
) {
	by, end := bidden, time.Now().Add(s.positionWithin)
	if !q.anew {
		if found, at, ok := s.readMany(ctx, sellerIDs, q); ok {
			return found, at, byCopy, nil
		}
		by = notCurrent
	}
	if q.least > 0 {
		if _, err := s.cfg.Registry.AwaitPosition(ctx, q.least, time.Until(end)); err != nil {
			return nil, 0, by, err
		}
	}
	found, place, err := s.cfg.Registry.ReadinessBatch(ctx, sellerIDs)
	return found, place.Position, by, err
}

// readMany reads from the copy alone, once it has come so far. As of the first's position: the copy only moves on.
func (s *service) readMany(ctx context.Context, sellerIDs []string, q question) (found []client.Readiness, first int64, ok bool) {
	if !s.cfg.Copy.Await(ctx, q.least, s.patience(q)) {
		return nil, 0, false
	}
	first, ok = s.cfg.Copy.Position()
	found = make([]client.Readiness, len(sellerIDs))
	for i, id := range sellerIDs {
		var standing feed.Standing
		if found[i], _, standing = s.cfg.Copy.Read(id, q.least); standing != feed.Answers {
			return nil, 0, false
		}
	}
	return found, first, ok
}
