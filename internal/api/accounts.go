package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

func (s *service) registerAccounts(api huma.API) {
	huma.Register(api, secured(access.AccountsRead, huma.Operation{
		OperationID: "list-accounts", Method: http.MethodGet, Path: "/v1/accounts", Tags: []string{"Accounts"},
		Summary:     "List accounts",
		Description: "Lists connected accounts, and those that were, in pages.",
	}), s.listAccounts)
	huma.Register(api, secured(access.AccountsRead, huma.Operation{
		OperationID: "get-account", Method: http.MethodGet, Path: "/v1/accounts/{id}", Tags: []string{"Accounts"},
		Summary:     "One account",
		Description: "The account's row: who holds it, what Stripe last said of it, and what the policy makes of that.",
		Errors:      []int{http.StatusNotFound},
	}), s.getAccount)
	huma.Register(api, secured(access.AccountsRead, huma.Operation{
		OperationID: "list-account-changes", Method: http.MethodGet, Path: "/v1/accounts/{id}/changes", Tags: []string{"Accounts"},
		Summary:     "An account's history",
		Description: "Lists the changes of readiness that the account brought about, newest first, in pages.",
		Errors:      []int{http.StatusNotFound},
	}), s.listChanges)
}

// page is a list's answer.
type page[T any] struct {
	Data       []T     `json:"data" doc:"The page's entries"`
	NextCursor *string `json:"next_cursor" doc:"Asks for the next page; null at the end"`
}

type listAccountsInput struct {
	Status        string              `query:"status" enum:"disconnected,rejected,unsupported,incomplete,in_review,restricted,restricted_soon,enabled" doc:"Only those of this status"`
	CanTransact   optional[bool]      `query:"can_transact" doc:"Only those who may, or may not, transact"`
	Country       string              `query:"country" pattern:"^[A-Za-z]{2}$" patternDescription:"two letters" doc:"Only those of this country (ISO 3166-1 alpha-2)"`
	Text          searchText          `query:"q" maxLength:"255" doc:"Searched for in the seller's id, the account's id, the name and the seller's e-mail address; case does not matter; one or two characters are searched for where a word begins; where very many accounts have the text a page may hold fewer than limit, or none, and next_cursor leads on"`
	DueBefore     optional[time.Time] `query:"due_before" doc:"Only those whose next check is due before"`
	CheckedBefore optional[time.Time] `query:"checked_before" doc:"Only those last checked before, or never"`
	AtRiskBefore  optional[time.Time] `query:"at_risk_before" doc:"Only those who may lose the ability to transact before"`
	Sort          string              `query:"sort" default:"-connected_at" enum:"id,-id,seller_id,-seller_id,display_name,-display_name,status,-status,connected_at,-connected_at,checked_at,-checked_at,next_check_at,-next_check_at,at_risk_at,-at_risk_at" doc:"What the list is sorted by; with - before it, descending"`
	Limit         int                 `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many entries a page has at most"`
	Cursor        string              `query:"cursor" maxLength:"4096" doc:"The next_cursor of the page before"`
}

type listAccountsOutput struct {
	Body page[client.Account]
}

func (s *service) listAccounts(ctx context.Context, in *listAccountsInput) (*listAccountsOutput, error) {
	found, err := s.cfg.Registry.Accounts(ctx, registry.AccountQuery{
		Status: in.Status, CanTransact: in.CanTransact.pointer(), Country: strings.ToUpper(in.Country), Text: string(in.Text),
		DueBefore: in.DueBefore.pointer(), CheckedBefore: in.CheckedBefore.pointer(), AtRiskBefore: in.AtRiskBefore.pointer(),
		Sort: in.Sort, Limit: in.Limit, Cursor: in.Cursor,
	})
	if err != nil {
		return nil, s.problemOf(ctx, err, inQuery)
	}
	return &listAccountsOutput{Body: page[client.Account]{Data: found.Accounts, NextCursor: orNull(found.NextCursor)}}, nil
}

type accountInput struct {
	ID string `path:"id" doc:"Stripe's id of the account"`
}

type accountOutput struct {
	Body client.Account
}

func (s *service) getAccount(ctx context.Context, in *accountInput) (*accountOutput, error) {
	found, err := s.findAccount(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &accountOutput{Body: found}, nil
}

// findAccount reads an account. Its errors are problems. What can't be an account's id is not asked for: Postgres refuses
// some of it as text.
func (s *service) findAccount(ctx context.Context, id string) (client.Account, error) {
	if !account.IsText(id) {
		return client.Account{}, newProblem(notFoundHere, "There is no such account here.")
	}
	found, err := s.cfg.Registry.Account(ctx, id)
	if err != nil {
		return found, s.problemOf(ctx, err, inPath)
	}
	return found, nil
}

type listChangesInput struct {
	ID     string `path:"id" doc:"Stripe's id of the account"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many entries a page has at most"`
	Cursor string `query:"cursor" maxLength:"4096" doc:"The next_cursor of the page before"`
}

type listChangesOutput struct {
	Body page[client.Change]
}

func (s *service) listChanges(ctx context.Context, in *listChangesInput) (*listChangesOutput, error) {
	before, err := positionOf(in.Cursor)
	if err != nil {
		return nil, s.problemOf(ctx, err, inQuery)
	}
	if _, err := s.findAccount(ctx, in.ID); err != nil {
		return nil, err
	}
	changes, err := s.cfg.Registry.History(ctx, in.ID, before, in.Limit+1)
	if err != nil {
		return nil, s.problemOf(ctx, err, inQuery)
	}
	out := page[client.Change]{Data: changes}
	if len(changes) > in.Limit { // one too many was asked for, to see whether there is a next page
		out.Data = changes[:in.Limit]
		out.NextCursor = orNull(strconv.FormatInt(out.Data[in.Limit-1].Position, 10))
	}
	return &listChangesOutput{Body: out}, nil
}

// positionOf reads a cursor of the history: the position before which it goes on; 0 for none.
func positionOf(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	position, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil || position < 1 {
		return 0, account.InvalidField("cursor", "the cursor is not one of this list")
	}
	return position, nil
}
