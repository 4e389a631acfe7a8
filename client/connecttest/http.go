package connecttest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/connectd/connectd/client"
)

// mostAnswered is the most that a page holds.
const mostAnswered = 1000

// longestWait bounds a poll.
const longestWait = 60 * time.Second

func (s *Server) routes() {
	s.mux.HandleFunc("GET /v1/sellers/{seller_id}/readiness", s.getReadiness)
	s.mux.HandleFunc("POST /v1/readiness", s.postReadiness)
	s.mux.HandleFunc("GET /v1/readiness", s.getSnapshot)
	s.mux.HandleFunc("GET /v1/changes", s.getChanges)
	s.mux.HandleFunc("POST /v1/onboarding-links", s.postLink)
	s.mux.HandleFunc("POST /v1/sellers/{seller_id}/products", s.postProduct)
	s.mux.HandleFunc("POST /v1/sellers/{seller_id}/checkout-sessions", s.postSession)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusNotFound, "unknown_path") })
}

// ServeHTTP answers as connectd does, or as it was told to fail.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, req.Method+" "+req.URL.RequestURI())
	failing, slow, down := s.failing, s.slow, s.down
	w.Header().Set("Connectd-Position", strconv.FormatInt(s.position, 10))
	s.mu.Unlock()
	if slow > 0 {
		await(req.Context(), slow)
	}
	switch {
	case down:
		panic(http.ErrAbortHandler)
	case failing != 0:
		refuse(w, failing, "failing")
	case req.Header.Get("Authorization") != "Bearer "+s.Key:
		refuse(w, http.StatusUnauthorized, "unauthorized")
	default:
		s.mux.ServeHTTP(w, req)
	}
}

func await(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (s *Server) getReadiness(w http.ResponseWriter, req *http.Request) {
	seller, query := req.PathValue("seller_id"), req.URL.Query()
	if !query.Has("at") {
		answer(w, http.StatusOK, s.Readiness(seller))
		return
	}
	at, err := time.Parse(time.RFC3339, query.Get("at"))
	if err != nil || at.After(time.Now()) {
		refuse(w, http.StatusUnprocessableEntity, "invalid")
		return
	}
	answer(w, http.StatusOK, s.past(seller, at))
}

// past is what the entries that are kept say of a moment.
func (s *Server) past(sellerID string, at time.Time) client.PastReadiness {
	s.mu.Lock()
	defer s.mu.Unlock()
	past := client.PastReadiness{Readiness: neverSet(sellerID)}
	for _, e := range s.entries {
		if e.SellerID != sellerID || e.At.After(at) {
			continue
		}
		past.Readiness = e.Readiness
		if e.Kind == "change" {
			past.Evidence = &client.Evidence{Position: e.Position, At: e.At, Source: e.Source, PolicyVersion: 1}
		}
	}
	return past
}

func (s *Server) postReadiness(w http.ResponseWriter, req *http.Request) {
	var asked struct {
		SellerIDs []string `json:"seller_ids"`
	}
	if err := json.NewDecoder(req.Body).Decode(&asked); err != nil {
		refuse(w, http.StatusBadRequest, "malformed_body")
		return
	}
	if len(asked.SellerIDs) > mostAnswered {
		refuse(w, http.StatusUnprocessableEntity, "invalid")
		return
	}
	page := client.SnapshotPage{Data: []client.Readiness{}}
	for _, id := range asked.SellerIDs {
		page.Data = append(page.Data, s.Readiness(id))
	}
	answer(w, http.StatusOK, page)
}

// getSnapshot's cursor is the feed's of the first page, a slash, and the last seller's id.
func (s *Server) getSnapshot(w http.ResponseWriter, req *http.Request) {
	limit, ok := limitOf(req.URL.Query())
	feedCursor, after, given := strings.Cut(req.URL.Query().Get("cursor"), "/")
	if !ok || !given && feedCursor != "" {
		refuse(w, http.StatusUnprocessableEntity, "invalid")
		return
	}
	s.mu.Lock()
	page := client.SnapshotPage{Data: []client.Readiness{}, FeedCursor: cmp.Or(feedCursor, s.cursor(s.position))}
	s.mu.Unlock()
	for _, r := range s.Sellers() {
		if r.SellerID <= after {
			continue
		}
		if len(page.Data) == limit {
			page.NextCursor = new(page.FeedCursor + "/" + page.Data[limit-1].SellerID)
			break
		}
		page.Data = append(page.Data, r)
	}
	answer(w, http.StatusOK, page)
}

func (s *Server) getChanges(w http.ResponseWriter, req *http.Request) {
	query := req.URL.Query()
	limit, ok := limitOf(query)
	wait, err := time.ParseDuration(cmp.Or(query.Get("wait"), "0s"))
	epoch, after, cursorErr := parse(query.Get("after"))
	if !ok || err != nil || cursorErr != nil || wait < 0 || wait > longestWait {
		refuse(w, http.StatusUnprocessableEntity, "invalid")
		return
	}
	ctx, cancel := context.WithTimeout(req.Context(), wait)
	defer cancel()
	for cuts := s.cutsSoFar(); ; {
		page, changed, status := s.since(epoch, after, limit)
		if s.cutsSoFar() != cuts {
			panic(http.ErrAbortHandler)
		}
		if status != http.StatusOK {
			refuse(w, status, "expired")
			return
		}
		if len(page.Data) > 0 || ctx.Err() != nil || wait == 0 {
			answer(w, http.StatusOK, page)
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// since answers the entries after the position, and what is closed once there may be more.
func (s *Server) since(epoch, after int64, limit int) (client.FeedPage, <-chan struct{}, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	forgotten := len(s.entries) == 0 && after < s.position || len(s.entries) > 0 && after < s.entries[0].Position-1
	if epoch != s.epoch || after > s.position || forgotten {
		return client.FeedPage{}, nil, http.StatusGone
	}
	page := client.FeedPage{Data: []client.FeedEntry{}}
	for _, e := range s.entries {
		if e.Position > after && len(page.Data) < limit {
			page.Data = append(page.Data, e)
			after = e.Position
		}
	}
	page.NextCursor = s.cursor(after)
	return page, s.changed, http.StatusOK
}

func (s *Server) postLink(w http.ResponseWriter, req *http.Request) {
	var params struct {
		SellerID  string `json:"seller_id"`
		ExpiresIn int64  `json:"expires_in"`
	}
	if err := json.NewDecoder(req.Body).Decode(&params); err != nil || params.SellerID == "" {
		refuse(w, http.StatusUnprocessableEntity, "invalid")
		return
	}
	expires := time.Now().Add(time.Duration(cmp.Or(params.ExpiresIn, 604_800)) * time.Second).UTC()
	answer(w, http.StatusCreated, client.OnboardingLink{
		URL: s.URL + "/connect/" + url.PathEscape(params.SellerID), ExpiresAt: expires,
	})
}

func (s *Server) cursor(position int64) string { return fmt.Sprintf("%d.%d", s.epoch, position) }

func parse(cursor string) (epoch, position int64, err error) {
	before, after, _ := strings.Cut(cursor, ".")
	if epoch, err = strconv.ParseInt(before, 10, 64); err != nil {
		return 0, 0, err
	}
	position, err = strconv.ParseInt(after, 10, 64)
	return epoch, position, err
}

func limitOf(query url.Values) (int, bool) {
	limit, err := strconv.Atoi(cmp.Or(query.Get("limit"), "100"))
	return limit, err == nil && limit > 0 && limit <= mostAnswered
}

func answer[T any](w http.ResponseWriter, status int, body T) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // an error here is the connection's
}

func refuse(w http.ResponseWriter, status int, code string) {
	problem(w, client.Error{Status: status, Code: code})
}

func problem(w http.ResponseWriter, e client.Error) {
	e.Title, e.Detail, e.Errors = http.StatusText(e.Status), "The fake says so.", []client.FieldError{}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(e.Status)
	_ = json.NewEncoder(w).Encode(e) // an error here is the connection's
}
