package overview_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/overview"
	"github.com/connectd/connectd/internal/registry"
)

// TestAYearsFiguresAreARecount lives a year with sellers who come, connect, lose and regain what they can, and holds the figures
// against a recount of the whole history.
func TestAYearsFiguresAreARecount(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			y := &year{stage: newStage(t), rand: rand.New(rand.NewPCG(seed, 1))}
			for day := range 365 {
				y.live()
				if day%61 == 60 || day == 364 {
					y.now = t0.AddDate(0, 0, day).Add(11*time.Hour + 59*time.Minute)
					y.hold()
				}
				y.now = t0.AddDate(0, 0, day+1)
			}
			y.now = y.now.Add(-time.Minute)
			y.holdAnew()
		})
	}
}

// year is a stage on which much happens.
type year struct {
	*stage
	rand    *rand.Rand
	sellers int
	linked  []string // sellers who have a link and no account
	held    []string // accounts
	strict  bool     // the rules shut all of them out
}

// live is a day.
func (y *year) live() {
	for range y.rand.IntN(7) {
		y.later(time.Duration(y.rand.IntN(100*60)) * time.Second) // seven of them are within the day
		y.happen()
		switch y.rand.IntN(8) {
		case 0, 1:
			y.tick()
		case 2:
			y.ticks()
		}
	}
	if y.strict && y.rand.IntN(3) == 0 || y.rand.IntN(60) == 0 {
		y.rule(!y.strict)
	}
}

// ticks are those of several replicas at once.
func (y *year) ticks() {
	var all errgroup.Group
	for range 3 {
		all.Go(func() error { return y.counts.Tick(y.t.Context(), y.now) })
	}
	if err := all.Wait(); err != nil {
		y.t.Fatal(err)
	}
}

func (y *year) happen() {
	y.t.Helper()
	switch n := y.rand.IntN(26); {
	case n < 4 || len(y.held) == 0 && len(y.linked) == 0:
		y.sellers++
		seller := fmt.Sprintf("s%d", y.sellers)
		y.link(seller)
		y.linked = append(y.linked, seller)
	case n < 6 && len(y.linked) > 0:
		y.open(y.linked[y.rand.IntN(len(y.linked))])
	case n < 10 && len(y.linked) > 0:
		i := y.rand.IntN(len(y.linked))
		seller := y.linked[i]
		y.linked = slices.Delete(y.linked, i, i+1)
		if y.rand.IntN(4) > 0 {
			y.open(seller)
		}
		y.connect(seller, "acct_"+seller)
		y.held = append(y.held, "acct_"+seller)
	case n == 10:
		y.sellers++
		y.imported(fmt.Sprintf("s%d", y.sellers))
	case n == 11 && len(y.held) > 0:
		y.gone(y.held[y.rand.IntN(len(y.held))])
	case n == 12 && len(y.held) > 0: // the seller connects again, or the account is another's by now
		id := y.held[y.rand.IntN(len(y.held))]
		y.connect(id[len("acct_"):], id)
	case n == 13 && len(y.held) > 0 && y.sellers > 1:
		to := fmt.Sprintf("s%d", 1+y.rand.IntN(y.sellers))
		_ = y.Reassign(y.t.Context(), y.held[y.rand.IntN(len(y.held))], to, account.Actor{Name: "admin"}) // it may be refused
	case len(y.held) > 0:
		y.says(y.held[y.rand.IntN(len(y.held))], y.facts())
	}
}

func (y *year) imported(seller string) {
	id := "acct_" + seller
	y.observe(registry.Imported(registry.Grant{
		AccountID: id, SellerID: seller, Interval: account.Interval{From: y.now.Add(-time.Second), To: y.now},
	}, "req_1", y.facts()))
	y.held = append(y.held, id)
}

func (y *year) facts() account.Facts {
	codes := []string{"individual.verification.document", "person_1AbC.id_number", "person_2XyZ.id_number", "external_account", "company.tax_id"}
	y.rand.Shuffle(len(codes), func(i, j int) { codes[i], codes[j] = codes[j], codes[i] })
	codes = codes[:1+y.rand.IntN(3)]
	switch y.rand.IntN(8) {
	case 0:
		return rejected()
	case 1:
		return unfinished()
	case 2, 3:
		return owing(y.now.AddDate(0, 0, y.rand.IntN(40)), codes...)
	case 4:
		return late(codes...)
	}
	return works()
}

// rule changes the platform's rules, by which many turn at once.
func (y *year) rule(strict bool) {
	p := account.DefaultPolicy()
	if y.strict = strict; strict {
		p.Countries = []string{"US"}
	}
	_, version, err := y.Policy(y.t.Context())
	if err != nil {
		y.t.Fatal(err)
	}
	if _, err := y.ApplyPolicy(y.t.Context(), p, version, account.Actor{Name: "admin"}); err != nil {
		y.t.Fatal(err)
	}
	if err := y.Rejudge(y.t.Context(), func(int64) {}); err != nil {
		y.t.Fatal(err)
	}
}

// figures are all that is counted.
type figures struct {
	Days        []overview.Day
	Broken, Due []countedCause
	Starts      overview.Starts
}

// countedCause is a cause with how many sellers, and the positions of its newest changes by seller and moment.
type countedCause struct {
	overview.Cause
	Source         registry.Source
	Sellers, Today int64
	Newest         []string
}

// hold counts what is not counted, and holds all against a recount.
func (y *year) hold() {
	y.t.Helper()
	y.exec(`update overview set starts_due_at = 'epoch'`)
	y.tick()
	got, want := y.counted(), y.recounted()
	nearly := gocmp.Comparer(func(a, b time.Duration) bool { return (a - b).Abs() < time.Millisecond })
	if diff := gocmp.Diff(want, got, nearly); diff != "" {
		y.t.Fatalf("on %s (-recounted +counted):\n%s", y.now, diff)
	}
}

// holdAnew counts the history from its beginning, as a database does that had one before.
func (y *year) holdAnew() {
	y.t.Helper()
	y.exec(`update overview set position = 0`)
	y.exec(`truncate daily_turns, daily_causes, seller_starts`)
	y.hold()
	if f := y.counted(); len(f.Broken) == 0 || len(f.Due) == 0 || f.Starts.Able == 0 || len(f.Starts.Stopped) < 3 || f.Starts.InAll.Sellers == 0 {
		y.t.Errorf("a year in which too little happened: %+v", f)
	}
}

func (y *year) counted() (f figures) {
	y.t.Helper()
	counted, err := y.counts.Counted(y.t.Context())
	if err != nil {
		y.t.Fatal(err)
	}
	if counted.Position != counted.Latest {
		y.t.Fatalf("counted up to %d of %d", counted.Position, counted.Latest)
	}
	f.Starts = counted.Starts
	if f.Days, err = y.counts.Days(y.t.Context(), y.now.AddDate(0, 0, -99), y.now); err != nil {
		y.t.Fatal(err)
	}
	broken, err := y.counts.Broken(y.t.Context(), y.now.AddDate(0, 0, -30), y.now)
	if err != nil {
		y.t.Fatal(err)
	}
	became, err := y.counts.BecameDue(y.t.Context(), y.now.AddDate(0, 0, -30), y.now)
	if err != nil {
		y.t.Fatal(err)
	}
	f.Broken, f.Due = named(broken), named(became)
	return f
}

func named(of overview.Causes) (causes []countedCause) {
	for _, c := range of.Most {
		n := countedCause{Cause: c.Cause, Source: c.Source, Sellers: c.Sellers, Today: c.Today}
		for _, e := range c.Newest {
			n.Newest = append(n.Newest, e.SellerID+" "+e.AccountID+" "+e.At.Format(time.RFC3339))
		}
		causes = append(causes, n)
	}
	return causes
}

// told is a change as the history has it.
type told struct {
	SellerID, AccountID string
	At                  time.Time
	Source              string
	Before, After       client.Readiness
	First               bool
}

func (y *year) history() (all []told) {
	y.t.Helper()
	rows, _ := y.pool.Query(y.t.Context(), `select seller_id, account_id, at, source, coalesce(before, '{}'), after, before is null
		from account_changes order by position`)
	var c told
	var before, after []byte
	_, err := pgx.ForEachRow(rows, []any{&c.SellerID, &c.AccountID, &c.At, &c.Source, &before, &after, &c.First}, func() error {
		c.Before, c.After, c.At = client.Readiness{}, client.Readiness{}, c.At.UTC()
		if err := json.Unmarshal(before, &c.Before); err != nil {
			return err
		}
		if err := json.Unmarshal(after, &c.After); err != nil {
			return err
		}
		all = append(all, c)
		return nil
	})
	if err != nil {
		y.t.Fatal(err)
	}
	return all
}

// recounted are the figures as the history has them, read from its beginning.
func (y *year) recounted() figures {
	y.t.Helper()
	all := y.history()
	today := y.now.Truncate(24 * time.Hour)
	var f figures
	for day := today.AddDate(0, 0, -99); !day.After(today); day = day.AddDate(0, 0, 1) {
		f.Days = append(f.Days, recountDay(all, day))
	}
	f.Broken = recountCauses(all, today, func(c told) (keys []countedCause) {
		if c.Before.CanTransact && !c.After.CanTransact {
			keys = append(keys, countedCause{Cause: causeIn(c.After), Source: registry.Source(c.Source)})
		}
		return keys
	})
	f.Due = recountCauses(all, today, func(c told) (keys []countedCause) {
		for _, code := range newlyDue(c) {
			keys = append(keys, countedCause{Cause: overview.Cause{Requirement: code}})
		}
		return keys
	})
	f.Starts = y.recountStarts(all)
	return f
}

func recountDay(all []told, day time.Time) overview.Day {
	d, able := overview.Day{Day: day}, map[string]bool{}
	for _, c := range all {
		on := c.At.Truncate(24 * time.Hour)
		if on.After(day) {
			break
		}
		if on.Equal(day) && c.After.CanTransact && !able[c.SellerID] {
			d.BecameAble++
		}
		if on.Equal(day) && !c.After.CanTransact && able[c.SellerID] {
			d.BecameUnable++
		}
		able[c.SellerID] = c.After.CanTransact
	}
	for _, can := range able {
		if can {
			d.Able++
		}
	}
	return d
}

func recountCauses(all []told, today time.Time, causesOf func(told) []countedCause) (found []countedCause) {
	for _, c := range slices.Backward(all) { // the newest first
		if c.At.Before(today.AddDate(0, 0, -30)) {
			break
		}
		for _, key := range causesOf(c) {
			i := slices.IndexFunc(found, func(k countedCause) bool { return k.Cause == key.Cause && k.Source == key.Source })
			if i < 0 {
				i, found = len(found), append(found, key)
			}
			found[i].Sellers++
			if !c.At.Before(today) {
				found[i].Today++
			}
			if len(found[i].Newest) < 5 {
				found[i].Newest = append(found[i].Newest, c.SellerID+" "+c.AccountID+" "+c.At.Format(time.RFC3339))
			}
		}
	}
	slices.SortFunc(found, func(a, b countedCause) int {
		return cmp.Or(cmp.Compare(b.Sellers, a.Sellers), cmp.Compare(a.Code, b.Code), cmp.Compare(a.DisabledReason, b.DisabledReason),
			cmp.Compare(a.Requirement, b.Requirement), cmp.Compare(a.Source, b.Source))
	})
	return found[:min(len(found), overview.Shown)]
}

// causeIn is the cause of what was published, as this test's facts make it.
func causeIn(r client.Readiness) overview.Cause {
	cause := overview.Cause{Code: account.Code(r.Reasons[0].Code)}
	switch cause.Code {
	case "rejected":
		cause.DisabledReason = "rejected.fraud"
	case "charges_disabled":
		cause.DisabledReason = "requirements.past_due"
		cause.Requirement = general(r.Requirements.PastDue[0])
	}
	return cause
}

func general(code string) string {
	if code == "person_1AbC.id_number" || code == "person_2XyZ.id_number" {
		return "person_any.id_number"
	}
	return code
}

func newlyDue(c told) (codes []string) {
	if c.First || *c.Before.AccountID != *c.After.AccountID || hasReason(c.Before, "not_checked") {
		return nil
	}
	known := generalOf(c.Before.Requirements)
	for _, code := range generalOf(c.After.Requirements) {
		if !slices.Contains(known, code) && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

func generalOf(r client.Requirements) (codes []string) {
	for _, code := range append(slices.Clone(r.CurrentlyDue), r.PastDue...) {
		codes = append(codes, general(code))
	}
	return codes
}

func hasReason(r client.Readiness, code string) bool {
	return slices.ContainsFunc(r.Reasons, func(reason client.Reason) bool { return reason.Code == code })
}
