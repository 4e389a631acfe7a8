package api

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/feed"
	"github.com/connectd/connectd/internal/registry"
)

func (s *service) registerSnapshot(api huma.API) {
	op := secured(access.ReadinessRead, huma.Operation{
		OperationID: "list-readiness", Method: http.MethodGet, Path: "/v1/readiness", Tags: []string{"Readiness"},
		Summary: "All sellers' readiness",
		Description: "Every seller who was ever connected, in pages, in the order of their ids: the snapshot from which a copy begins. " +
			"Then the feed goes on from feed_cursor, which is the same on each page, and has all that changed while the pages were " +
			"read. Answered with 410 where the database was restored from a backup since the first page: begin again.",
		Errors: []int{http.StatusGone},
	})
	page := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[client.SnapshotPage](), true, "")
	op.Responses = map[string]*huma.Response{"200": {
		Description: "A page", Content: map[string]*huma.MediaType{"application/json": {Schema: page}},
	}}
	huma.Register(api, op, s.snapshot)
}

type snapshotInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"1000" doc:"How many sellers a page has at most"`
	Cursor string `query:"cursor" maxLength:"4096" doc:"The next_cursor of the page before"`
}

type snapshotOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *service) snapshot(ctx context.Context, in *snapshotInput) (*snapshotOutput, error) {
	cursor, err := s.snapshotCursor(ctx, in.Cursor)
	if err != nil {
		return nil, s.problemOf(ctx, err, inQuery)
	}
	found, err := s.cfg.Registry.Snapshot(ctx, cursor.seller, in.Limit+1) // one too many, to see whether there is a next page
	if err != nil {
		return nil, s.problemOf(ctx, err, inQuery)
	}
	next := "null"
	if len(found) > in.Limit {
		found = found[:in.Limit]
		cursor.seller = found[in.Limit-1].SellerID
		next = strconv.Quote(cursor.String())
	}
	return &snapshotOutput{"application/json", s.snapshotPage(found, next, cursor.feed)}, nil
}

// snapshotPage is a client.SnapshotPage. The sellers are JSON already, and not looked at again: an encoder takes as long as all
// else does.
func (s *service) snapshotPage(sellers []registry.Published, next string, from feed.Cursor) []byte {
	size := 0
	for _, seller := range sellers {
		size += len(seller.Readiness) + 1
	}
	page := append(make([]byte, 0, size+1024), `{"data":[`...)
	for i, seller := range sellers {
		if i > 0 {
			page = append(page, ',')
		}
		page = append(page, seller.Readiness...)
	}
	after, deny := s.cfg.Registry.Staleness()
	return fmt.Appendf(page, `],"next_cursor":%s,"feed_cursor":"%s","stale_after":%s,"deny_when_stale":%t}`+"\n",
		next, from, strconv.FormatFloat(after.Seconds(), 'f', -1, 64), deny)
}

// snapshotCursor is where a page of the snapshot begins, and where the feed goes on from after the last.
type snapshotCursor struct {
	feed   feed.Cursor
	seller string
}

func (c snapshotCursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(c.feed.String() + " " + c.seller))
}

// snapshotCursor reads a page's cursor; the first page's is made before anything of it is read.
func (s *service) snapshotCursor(ctx context.Context, text string) (snapshotCursor, error) {
	now, err := s.cfg.Feed.Now(ctx)
	if err != nil || text == "" {
		return snapshotCursor{feed: now}, err
	}
	c, err := parseSnapshotCursor(text)
	if err != nil {
		return c, account.InvalidField("cursor", "the cursor is not one of this list")
	}
	if c.feed.Epoch != now.Epoch {
		return c, account.Errorf(account.Expired, "The database was restored from a backup since the first page: begin again, without a cursor.")
	}
	return c, nil
}

func parseSnapshotCursor(text string) (snapshotCursor, error) {
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return snapshotCursor{}, err
	}
	position, seller, _ := strings.Cut(string(decoded), " ")
	at, err := feed.ParseCursor(position)
	if err != nil {
		return snapshotCursor{}, err
	}
	return snapshotCursor{at, seller}, account.CheckSellerID(seller)
}
