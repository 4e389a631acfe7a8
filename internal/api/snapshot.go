package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/feed"
)

func (s *service) registerSnapshot(api huma.API) {
	huma.Register(api, secured(access.ReadinessRead, huma.Operation{
		OperationID: "list-readiness", Method: http.MethodGet, Path: "/v1/readiness", Tags: []string{"Readiness"},
		Summary: "All sellers' readiness",
		Description: "Every seller who was ever connected, in pages, in the order of their ids: the snapshot from which a copy begins. " +
			"Then the feed goes on from feed_cursor, which is the same on each page, and has all that changed while the pages were " +
			"read. Answered with 410 where the database was restored from a backup since the first page: begin again.",
		Errors: []int{http.StatusGone},
	}), s.snapshot)
}

type snapshotInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"1000" doc:"How many sellers a page has at most"`
	Cursor string `query:"cursor" maxLength:"4096" doc:"The next_cursor of the page before"`
}

type snapshotOutput struct {
	Body snapshotPage
}

// snapshotPage is a client.SnapshotPage whose sellers are JSON already.
type snapshotPage struct {
	Data       []publishedReadiness `json:"data" doc:"Sellers' readiness, by their ids"`
	NextCursor *string              `json:"next_cursor" doc:"The next page; null at the end"`
	FeedCursor string               `json:"feed_cursor" doc:"Where the feed goes on from once the last page was read; the same on each page"`
}

// publishedReadiness is a client.Readiness as JSON.
type publishedReadiness struct{ json.RawMessage }

// Schema is called by huma.
func (publishedReadiness) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[client.Readiness](), true, "")
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
	out := snapshotPage{FeedCursor: cursor.feed.String()}
	if len(found) > in.Limit {
		found = found[:in.Limit]
		cursor.seller = found[in.Limit-1].SellerID
		out.NextCursor = orNull(cursor.String())
	}
	out.Data = make([]publishedReadiness, len(found))
	for i, seller := range found {
		out.Data[i] = publishedReadiness{seller.Readiness}
	}
	return &snapshotOutput{Body: out}, nil
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
