package web

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
)

const (
	exportPath = accountsPath + ".csv"
	mostPicked = 1000 // accounts that a file may have fresh links of
)

// exportAccounts is the account table's view as a file, all pages of it.
func (s *site) exportAccounts(w http.ResponseWriter, r *http.Request) {
	query, err := readAccountQuery(r.URL.Query())
	if err != nil {
		s.queryProblem(w, r, err)
		return
	}
	query.Cursor = ""
	file := s.newExport(w)
	if r.Method == http.MethodHead {
		return
	}
	err = s.Registry.EachAccount(r.Context(), query, func(page []client.Account) error {
		for _, a := range page {
			file.write(exportRow(a))
		}
		return file.flush()
	})
	s.endExport(w, r, file, err)
}

// exportWithLinks is a file of the accounts that were picked, each with a fresh onboarding link of its seller.
func (s *site) exportWithLinks(w http.ResponseWriter, r *http.Request) {
	picked, err := s.pickedAccounts(r)
	if err != nil {
		s.queryProblem(w, r, err)
		return
	}
	file := s.newExport(w, "onboarding_link", "link_expires_at")
	for _, a := range picked {
		var link onboarding.Link
		link, err = s.Onboarding.CreateLink(r.Context(), onboarding.LinkParams{SellerID: a.SellerID, By: s.actor(r)})
		if err != nil {
			break
		}
		file.write(append(exportRow(a), link.URL, machine(link.ExpiresAt)))
		if err = file.flush(); err != nil {
			break
		}
	}
	s.endExport(w, r, file, err)
}

// pickedAccounts are those of the form's ids, each once.
func (s *site) pickedAccounts(r *http.Request) ([]client.Account, error) {
	ids := slices.Compact(slices.Sorted(slices.Values(r.PostForm["id"])))
	if len(ids) == 0 || len(ids) > mostPicked {
		return nil, account.InvalidField("id", "Pick 1 to %d accounts.", mostPicked)
	}
	picked := make([]client.Account, 0, len(ids))
	for _, id := range ids {
		if !account.IsText(id) {
			return nil, account.Errorf(account.NotFound, "There is no such account here.")
		}
		a, err := s.Registry.Account(r.Context(), id)
		if err != nil {
			return nil, err
		}
		picked = append(picked, a)
	}
	return picked, nil
}

// endExport cuts the connection where the file is not whole: the browser says that the download failed.
func (s *site) endExport(w http.ResponseWriter, r *http.Request, file *export, err error) {
	switch {
	case err == nil:
	case !file.begun:
		w.Header().Del("Content-Disposition")
		s.queryProblem(w, r, err)
	default:
		s.Logger.WarnContext(r.Context(), "an export was broken off", "error", err)
		panic(http.ErrAbortHandler)
	}
}

// export is a file that is sent while it is made.
type export struct {
	*csv.Writer
	response *http.ResponseController
	header   []string
	begun    bool
}

func (s *site) newExport(w http.ResponseWriter, more ...string) *export {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="accounts-%s.csv"`, s.Now().UTC().Format(time.DateOnly)))
	return &export{
		Writer: csv.NewWriter(w), response: http.NewResponseController(w), header: append(slices.Clone(exportColumns), more...),
	}
}

// write has its error in flush.
func (f *export) write(row []string) {
	f.begin()
	for i, cell := range row {
		row[i] = inert(cell)
	}
	_ = f.Write(row)
}

// begin writes what Excel takes a file for UTF-8 by, and the header.
func (f *export) begin() {
	if !f.begun {
		f.begun = true
		_ = f.Write(append([]string{"\ufeff" + f.header[0]}, f.header[1:]...))
	}
}

func (f *export) flush() error {
	f.begin()
	f.Flush()
	if err := f.Error(); err != nil {
		return err
	}
	return f.response.Flush()
}

// formula is where a spreadsheet would begin to read one (owasp.org/www-community/attacks/CSV_Injection), also where it takes a
// semicolon for the end of a cell, or a Japanese one the wide signs.
var formula = regexp.MustCompile("(^|[;\t\r\n])([=+\\-@＝＋－＠\t\r\n])")

// inert keeps a spreadsheet from reading a cell as a formula.
func inert(cell string) string { return formula.ReplaceAllString(cell, "$1'$2") }

var exportColumns = []string{
	"seller_id", "account_id", "name", "country", "currency", "charges", "payouts", "details", "status", "can_transact", "due",
	"past_due", "deadline", "at_risk_at", "connected_at", "disconnected_at", "checked_at", "next_check_at",
}

func exportRow(a client.Account) []string {
	var needs client.Requirements
	if a.Requirements != nil {
		needs = *a.Requirements
	}
	return []string{
		a.SellerID, a.ID, client.Text(a.DisplayName), client.Text(a.Country), client.Text(a.DefaultCurrency),
		string(answerOf(a.ChargesEnabled)), string(answerOf(a.PayoutsEnabled)), string(answerOf(a.DetailsSubmitted)), a.Status,
		strconv.FormatBool(a.CanTransact), strings.Join(needs.CurrentlyDue, " "), strings.Join(needs.PastDue, " "),
		machineOrNone(needs.CurrentDeadline), machineOrNone(a.AtRiskAt), machine(a.ConnectedAt), machineOrNone(a.DisconnectedAt),
		machineOrNone(a.CheckedAt), machineOrNone(a.NextCheckAt),
	}
}

func machineOrNone(t *time.Time) string {
	if t == nil {
		return ""
	}
	return machine(*t)
}
