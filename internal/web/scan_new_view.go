package web

import (
	"math"
	"strconv"
	"time"

	"github.com/connectd/connectd/internal/scan"
)

// aPage is how long Stripe takes for a page of its list. They come one after another, since each says where the next begins.
const aPage = time.Second

// scanCostsView offers passes, with what each would cost.
type scanCostsView struct {
	Choices   []costView
	Rate      string
	Reads     int64  // connectd's of the last 30 days
	Allotted  int64  // reads that Stripe allots in 30 days; 0 where that is not known
	OpenURL   string // the pass that is open, while which none can be started; ""
	Problem   string // why none was started; ""
	Connected int64
}

func (scanCostsView) template() string { return "scan_new" }

// costView is one pass that can be started.
type costView struct {
	Name, Words, Meaning string
	Takes                string
	Accounts, How, Calls string // "": none
	TooMany              bool   // more reads than are left of those that Stripe allots
	Chosen               bool
}

func newScanCostsView(costs scan.Costs, rate float64) scanCostsView {
	v := scanCostsView{
		Rate: strconv.FormatFloat(rate, 'g', -1, 64), Reads: costs.ReadsMade, Allotted: costs.ReadsAllotted, Connected: costs.AllListed.Accounts,
		Choices: []costView{
			newCostView(costs.Due, costs, rate), newCostView(costs.AllListed, costs, rate), newCostView(costs.AllRetrieved, costs, rate),
		},
	}
	v.Choices[0].Name, v.Choices[0].Words, v.Choices[0].Chosen = "due", "What is due", true
	v.Choices[0].Meaning = "What the schedule would take next, and what an earlier scan held back."
	v.Choices[1].Name, v.Choices[1].Words = "list", "All accounts, by Stripe’s list"
	v.Choices[1].Meaning = "A hundred accounts a call; those that the list leaves out, or that change meanwhile, are then asked for one by one."
	v.Choices[2].Name, v.Choices[2].Words = "retrieve", "All accounts, one by one"
	v.Choices[2].Meaning = "A call for each account."
	return v
}

func newCostView(c scan.Cost, costs scan.Costs, rate float64) costView {
	takes := seconds(float64(c.Calls) / math.Max(rate, 1e-3))
	if c.Method == scan.List {
		takes = max(takes, time.Duration(c.Calls)*aPage)
	}
	if c.Calls == 0 {
		return costView{}
	}
	return costView{
		Accounts: count(c.Accounts, "account"), How: methodWords(string(c.Method)), Calls: count(c.Calls, "call"), Takes: aboutWords(takes),
		TooMany: costs.ReadsAllotted > 0 && costs.ReadsMade+c.Calls > costs.ReadsAllotted,
	}
}
