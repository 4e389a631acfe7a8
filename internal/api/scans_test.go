package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
)

// scan lets the scanner work until nothing is left that it may take.
func (s *server) scan() {
	s.t.Helper()
	if _, err := s.scanner.Tick(s.t.Context(), time.Now()); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) report(id string) client.Scan {
	s.t.Helper()
	return decode[client.Scan](s.get("/v1/scans/"+id), http.StatusOK)
}

func TestAScanIsStartedFollowedAndListed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	s.control("accounts/"+id+"?silent=1", `{"charges_enabled":false}`)
	started := decode[client.Scan](s.post("/v1/scans", `{"all":true,"method":"retrieve"}`), http.StatusAccepted)
	if started.State != "running" || started.StartedBy == "" || started.FinishedAt != nil || started.ChangedAccounts == nil {
		t.Errorf("%+v", started)
	}
	wantProblem(s.post("/v1/scans", `{}`), http.StatusConflict, "conflict")
	s.scan()
	done := s.report(started.ID)
	want := client.ScannedAccount{AccountID: id, SellerID: "s1", From: "enabled", To: "restricted"}
	if done.State != "finished" || done.Checked != 1 || done.NewlyUnable != 1 || len(done.ChangedAccounts) != 1 || done.ChangedAccounts[0] != want {
		t.Errorf("%+v", done)
	}
	second := decode[client.Scan](s.post("/v1/scans", `{}`), http.StatusAccepted)
	s.scan()
	if empty := s.report(second.ID); empty.State != "finished" || empty.Due != 0 {
		t.Errorf("%+v", empty)
	}
	type list struct {
		Data       []client.Scan `json:"data"`
		NextCursor *string       `json:"next_cursor"`
	}
	page := decode[list](s.get("/v1/scans?limit=1"), http.StatusOK)
	if len(page.Data) != 1 || page.Data[0].ID != second.ID || page.NextCursor == nil {
		t.Fatalf("%+v", page)
	}
	page = decode[list](s.get("/v1/scans?limit=1&cursor="+*page.NextCursor), http.StatusOK)
	if len(page.Data) != 1 || page.Data[0].ID != started.ID || page.NextCursor != nil {
		t.Errorf("%+v", page)
	}
}

func TestAScanThatIsNotBrakedIsNotResumed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	started := decode[client.Scan](s.post("/v1/scans", `{}`), http.StatusAccepted)
	wantProblem(s.post("/v1/scans/"+started.ID+"/resume", ""), http.StatusConflict, "conflict")
	wantProblem(s.post("/v1/scans/scan_none/resume", ""), http.StatusNotFound, "not_found")
	wantProblem(s.get("/v1/scans/scan_none"), http.StatusNotFound, "not_found")
	wantProblem(s.get("/v1/scans?cursor=none"), http.StatusUnprocessableEntity, "invalid", "query.cursor")
	wantProblem(s.post("/v1/scans", `{"all":"yes"}`), http.StatusUnprocessableEntity, "invalid", "body.all")
	wantProblem(s.post("/v1/scans", `{"every":true}`), http.StatusUnprocessableEntity, "invalid", "body.every")
}

func TestABrakedScanIsResumed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	started := decode[client.Scan](s.post("/v1/scans", `{}`), http.StatusAccepted)
	if _, err := s.pool.Exec(t.Context(), `update scans set state = 'braked', held_back = 1`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.pool.Exec(t.Context(), `update accounts set held_back = true, next_check_at = connected_at`); err != nil {
		t.Fatal(err)
	}
	resumed := decode[client.Scan](s.post("/v1/scans/"+started.ID+"/resume", ""), http.StatusAccepted)
	if resumed.State != "running" {
		t.Errorf("%+v", resumed)
	}
	s.scan()
	if done := s.report(started.ID); done.State != "finished" || done.Checked != 1 {
		t.Errorf("%+v", done)
	}
	if row := decode[client.Account](s.get("/v1/accounts/"+id), http.StatusOK); row.Status != "enabled" {
		t.Errorf("the account is %s", row.Status)
	}
}
