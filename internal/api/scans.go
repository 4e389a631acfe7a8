package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/scan"
)

func (s *service) registerScans(api huma.API) {
	huma.Register(api, secured(access.AccountsRead, huma.Operation{
		OperationID: "list-scans", Method: http.MethodGet, Path: "/v1/scans", Tags: []string{"Scans"},
		Summary:     "List scans",
		Description: "Lists the passes of the health scan, newest first, in pages.",
	}), s.listScans)
	huma.Register(api, secured(access.AccountsRead, huma.Operation{
		OperationID: "get-scan", Method: http.MethodGet, Path: "/v1/scans/{id}", Tags: []string{"Scans"},
		Summary:     "One scan",
		Description: "The report of one pass; while it runs, as far as it has come.",
		Errors:      []int{http.StatusNotFound},
	}), s.getScan)
	huma.Register(api, secured(access.AccountsWrite, huma.Operation{
		OperationID: "start-scan", Method: http.MethodPost, Path: "/v1/scans", Tags: []string{"Scans"}, DefaultStatus: http.StatusAccepted,
		Summary:     "Start a scan",
		Description: "Opens a pass over the accounts that are due, or over all; one by list pages is over all. Refused with 409 while one is running or braked.",
		Errors:      []int{http.StatusConflict},
	}), s.startScan)
	huma.Register(api, secured(access.AccountsWrite, huma.Operation{
		OperationID: "resume-scan", Method: http.MethodPost, Path: "/v1/scans/{id}/resume", Tags: []string{"Scans"}, DefaultStatus: http.StatusAccepted,
		Summary: "Release a scan's brake",
		Description: "Frees a braked pass of its brake: what it held back is retrieved again, and applied. Refused with 409 where " +
			"it is not braked. Takes {} or no body.",
		Errors: []int{http.StatusNotFound, http.StatusConflict},
	}), s.resumeScan)
}

type scanInput struct {
	ID string `path:"id" doc:"The scan's id"`
}

type scanOutput struct {
	Body client.Scan
}

type listScansInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many entries a page has at most"`
	Cursor string `query:"cursor" maxLength:"255" doc:"The next_cursor of the page before"`
}

type listScansOutput struct {
	Body page[client.Scan]
}

func (s *service) listScans(ctx context.Context, in *listScansInput) (*listScansOutput, error) {
	found, next, err := s.cfg.Scans.List(ctx, in.Cursor, in.Limit, time.Now())
	if err != nil {
		return nil, s.problemOf(ctx, err, inQuery)
	}
	return &listScansOutput{Body: page[client.Scan]{Data: found, NextCursor: orNull(next)}}, nil
}

func (s *service) getScan(ctx context.Context, in *scanInput) (*scanOutput, error) {
	report, err := s.cfg.Scans.Report(ctx, in.ID, time.Now())
	if err != nil {
		return nil, s.problemOf(ctx, err, inPath)
	}
	return &scanOutput{Body: report}, nil
}

type startScanInput struct {
	Body startScanParams
}

type startScanParams struct {
	All    bool   `json:"all,omitempty" doc:"All connected accounts, due or not"`
	Method string `json:"method,omitempty" enum:"retrieve,list" doc:"How Stripe is asked: retrieve asks for each account by itself, list goes through Stripe's list of all accounts, 100 a call, and asks for those by themselves that it leaves out; retrieve where it is left out, or list where retrievals would use up the reads that Stripe allots"`
}

func (s *service) startScan(ctx context.Context, in *startScanInput) (*scanOutput, error) {
	scope := scan.Due
	if in.Body.All {
		scope = scan.All
	}
	report, err := s.cfg.Scans.Start(ctx, actorOf(ctx), scope, scan.Method(in.Body.Method), time.Now())
	if err != nil {
		return nil, s.problemOf(ctx, err, inBody)
	}
	s.cfg.WakeScan()
	return &scanOutput{Body: report}, nil
}

type resumeScanInput struct {
	ID   string `path:"id" doc:"The scan's id"`
	Body *resumeScanParams
}

type resumeScanParams struct{}

func (s *service) resumeScan(ctx context.Context, in *resumeScanInput) (*scanOutput, error) {
	report, err := s.cfg.Scans.Resume(ctx, in.ID, actorOf(ctx), time.Now())
	if err != nil {
		return nil, s.problemOf(ctx, err, inPath)
	}
	s.cfg.WakeScan()
	return &scanOutput{Body: report}, nil
}
