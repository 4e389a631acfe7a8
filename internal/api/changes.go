package api

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/feed"
)

// longestWait bounds how long a poll of the feed waits: proxies cut what is silent for longer.
const longestWait = time.Minute

func (s *service) registerChanges(api huma.API) {
	huma.Register(api, secured(access.ReadinessRead, huma.Operation{
		OperationID: "list-changes", Method: http.MethodGet, Path: "/v1/changes", Tags: []string{"Feed"},
		Summary: "The change feed",
		Description: "What follows a cursor, oldest first: each change of a seller's readiness, and each check that confirmed one. " +
			"Without a cursor it begins with the oldest entry that is kept (a week). Answered with 410 where nobody can go on from " +
			"the cursor: read the snapshot then, and go on from its feed_cursor.",
		Errors: []int{http.StatusGone},
	}), s.listChangesAfter)
}

type changesInput struct {
	After cursorParam `query:"after" maxLength:"64" doc:"Where to go on from, EPOCH.POSITION: a next_cursor, a stream's id, or the snapshot's feed_cursor"`
	Wait  waitParam   `query:"wait" doc:"How long to wait for an entry where there is none yet: a Go duration of up to 60s" example:"30s"`
	Limit int         `query:"limit" minimum:"1" maximum:"1000" default:"1000" doc:"How many entries a page has at most"`
}

// waitParam is how long to wait, as Go writes it.
type waitParam string

// Resolve is called by huma.
func (p waitParam) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	wait, err := time.ParseDuration(string(p))
	if p == "" || err == nil && wait >= 0 && wait <= longestWait {
		return nil
	}
	message := fmt.Sprintf("expected a duration of 0s to %s, as 30s", longestWait)
	return []error{&huma.ErrorDetail{Location: at.String(), Message: message}}
}

func (p waitParam) duration() time.Duration {
	wait, _ := time.ParseDuration(string(p)) // Resolve has looked at it
	return wait
}

type changesOutput struct {
	Position string `header:"Connectd-Position"`
	Body     client.FeedPage
}

func (s *service) listChangesAfter(ctx context.Context, in *changesInput) (*changesOutput, error) {
	found, err := s.changesAfter(ctx, in)
	if errors.Is(err, access.ErrBadKey) {
		p := newProblem(unauthorized, "The API key was revoked, or has expired, while the request waited.")
		return nil, huma.ErrorWithHeaders(p, http.Header{"WWW-Authenticate": {"Bearer"}})
	}
	if err != nil {
		return nil, s.problemOf(ctx, err, inQuery)
	}
	out := &changesOutput{Position: strconv.FormatInt(found.Next.Position, 10)}
	out.Body = client.FeedPage{Data: make([]client.FeedEntry, len(found.Entries)), NextCursor: found.Next.String()}
	for i, entry := range found.Entries {
		out.Body.Data[i] = entry.FeedEntry
	}
	after, deny := s.cfg.Registry.Staleness()
	out.Body.StaleAfter, out.Body.DenyWhenStale = after.Seconds(), deny
	return out, nil
}

// changesAfter reads what there is, and waits where there is nothing.
func (s *service) changesAfter(ctx context.Context, in *changesInput) (feed.Found, error) {
	after, ok := in.After.cursor()
	if !ok {
		var err error
		if after, err = s.cfg.Feed.Oldest(ctx); err != nil {
			return feed.Found{}, err
		}
	}
	query := feed.Query{After: after, Limit: in.Limit, Seen: seenBy(ctx)}
	found, err := s.cfg.Feed.After(ctx, query)
	if err != nil || len(found.Entries) > 0 || in.Wait.duration() == 0 {
		return found, err
	}
	return s.awaitChanges(ctx, query, found.More, in.Wait.duration())
}

// awaitChanges waits until there is something, but only so long, and not for longer than the key works and the process runs.
func (s *service) awaitChanges(ctx context.Context, query feed.Query, more <-chan struct{}, wait time.Duration) (feed.Found, error) {
	waiting, stop := s.whileKeyWorks(ctx)
	defer stop()
	end := time.NewTimer(wait)
	defer end.Stop()
	for {
		select {
		case <-more:
		case <-end.C:
			return s.nothingMore(ctx, query)
		case <-waiting.Done():
			if errors.Is(context.Cause(waiting), access.ErrBadKey) {
				return feed.Found{}, access.ErrBadKey
			}
			return s.nothingMore(ctx, query)
		}
		found, err := s.cfg.Feed.After(ctx, query)
		if err != nil || len(found.Entries) > 0 {
			return found, err
		}
		more = found.More // this process has only come to where the caller was
	}
}

// nothingMore reads once more before it is said that there is nothing: that has to be true now.
func (s *service) nothingMore(ctx context.Context, query feed.Query) (feed.Found, error) {
	if !s.cfg.Feed.Fresh() {
		query.Seen = math.MaxInt64
	}
	return s.cfg.Feed.After(ctx, query)
}

// whileKeyWorks is for what goes on for longer than a request: it ends with the caller's key, and when the process does.
func (s *service) whileKeyWorks(ctx context.Context) (while context.Context, stop context.CancelFunc) {
	keyed, stopKey := s.cfg.Keys.While(ctx, callerOf(ctx).KeyID)
	while, stopFeed := s.cfg.Feed.While(keyed)
	return while, func() { stopFeed(); stopKey() }
}
