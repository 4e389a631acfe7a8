package api

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/feed"
)

const (
	heartbeatEvery = 15 * time.Second
	streamPage     = 200              // entries sent at once
	sendWithin     = 10 * time.Second // a client that takes nothing for longer is given up
	endWithin      = time.Second      // what a client has to take of a stream that ends
)

func (s *service) registerStream(api huma.API) {
	op := secured(access.ReadinessRead, huma.Operation{
		OperationID: "stream-changes", Method: http.MethodGet, Path: "/v1/changes/stream", Tags: []string{"Feed"},
		Summary: "The change feed, live",
		Description: "The feed as server-sent events: id is the cursor after the entry, event its kind, data the entry as JSON. It " +
			"goes on from Last-Event-ID, else from after, else from now. A comment every 15 seconds says that nothing was missed. " +
			"It ends when the process does, and within a second of the key's being revoked.",
		Errors:      []int{http.StatusGone},
		Middlewares: huma.Middlewares{withAnyAccept},
	})
	op.Responses = map[string]*huma.Response{"200": {
		Description: "Events until the connection ends; each one's data is a FeedEntry",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
	huma.Register(api, op, s.streamChanges)
}

// withAnyAccept: browsers accept nothing but events here, and are to get problems all the same.
func withAnyAccept(ctx huma.Context, next func(huma.Context)) { next(anyAccept{ctx}) }

type anyAccept struct{ humaContext }

type humaContext = huma.Context // embedded, Context would hide the method of that name

func (c anyAccept) Header(name string) string {
	if name == "Accept" {
		return ""
	}
	return c.humaContext.Header(name)
}

type streamInput struct {
	After       cursorParam `query:"after" maxLength:"64" doc:"Where to go on from, EPOCH.POSITION, where there is no Last-Event-ID"`
	LastEventID cursorParam `header:"Last-Event-ID" maxLength:"64" doc:"The id of the last event that was received, as browsers send it when they connect again; it goes before after"`
}

func (s *service) streamChanges(ctx context.Context, in *streamInput) (*huma.StreamResponse, error) {
	st := &stream{feed: s.cfg.Feed, heartbeat: s.heartbeat, out: []byte(": connected\n\n")}
	if err := st.find(ctx, cmp.Or(in.LastEventID, in.After)); err != nil {
		return nil, s.problemOf(ctx, err, inQuery)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		st.begin(hc)
		if hc.Method() == http.MethodHead {
			return
		}
		while, stop := s.whileKeyWorks(ctx)
		defer stop()
		if err := st.run(while); err != nil && while.Err() == nil {
			s.logger.WarnContext(ctx, "a stream of changes was broken off", "error", err)
		}
	}}, nil
}

// stream sends the feed to one client.
type stream struct {
	feed       *feed.Feed
	next       feed.Cursor // what follows it is sent next
	heartbeat  time.Duration
	writer     http.ResponseWriter
	connection *http.ResponseController
	out        []byte // to be sent
}

// find sets where the stream goes on from.
func (st *stream) find(ctx context.Context, from cursorParam) (err error) {
	var given bool
	if st.next, given = from.cursor(); given {
		_, err = st.feed.After(ctx, feed.Query{After: st.next, Limit: 1})
		return err
	}
	if st.next, err = st.feed.Now(ctx); err == nil {
		// A browser that is cut off before the first entry comes back to here.
		st.out = append(st.out, "id: "+st.next.String()+"\n\n"...)
	}
	return err
}

func (st *stream) begin(hc huma.Context) {
	st.writer = hc.BodyWriter().(http.ResponseWriter)
	st.connection = http.NewResponseController(st.writer)
	hc.SetHeader("Content-Type", "text/event-stream")
	hc.SetHeader("X-Accel-Buffering", "no") // nginx would gather what is sent
	hc.SetHeader("Connection", "close")     // a deadline for writing stays on the connection
	hc.SetHeader(positionHeader, strconv.FormatInt(st.next.Position, 10))
	hc.SetStatus(http.StatusOK)
}

// run sends what there is and what comes, until ctx ends, the client is gone, or nobody can go on from where it is.
func (st *stream) run(ctx context.Context) error {
	defer st.hurry() // the deadline of what was sent last may be over, and the end is to be heard
	defer context.AfterFunc(ctx, st.hurry)()
	beat := time.NewTicker(st.heartbeat)
	defer beat.Stop()
	for ctx.Err() == nil {
		found, err := st.feed.After(ctx, feed.Query{After: st.next, Limit: streamPage})
		if err != nil {
			return err
		}
		st.append(found)
		if err := st.send(ctx); err != nil {
			return nil // the client is gone
		}
		if len(found.Entries) > 0 {
			continue
		}
		select {
		case <-found.More:
		case <-beat.C:
			st.appendHeartbeat()
		case <-ctx.Done():
		}
	}
	return nil
}

func (st *stream) append(found feed.Found) {
	at := st.next
	for _, entry := range found.Entries {
		at.Position = entry.Position
		st.out = append(st.out, "id: "+at.String()+"\nevent: "+entry.Kind+"\ndata: "...)
		st.out = append(st.out, entry.JSON...)
		st.out = append(st.out, "\n\n"...)
	}
	st.next = found.Next
}

// appendHeartbeat says that nothing was missed, where that is known.
func (st *stream) appendHeartbeat() {
	if st.feed.Fresh() {
		st.out = append(st.out, ": heart-beat\n\n"...)
	}
}

func (st *stream) send(ctx context.Context) error {
	if len(st.out) == 0 {
		return nil
	}
	if err := st.connection.SetWriteDeadline(time.Now().Add(sendWithin)); err != nil {
		return err
	}
	if ctx.Err() != nil { // it has hurried before
		st.hurry()
	}
	_, err := st.writer.Write(st.out)
	st.out = st.out[:0]
	if err != nil {
		return err
	}
	return st.connection.Flush()
}

// hurry lets a client that takes nothing keep nobody waiting.
func (st *stream) hurry() { _ = st.connection.SetWriteDeadline(time.Now().Add(endWithin)) }
