package web

import (
	"testing"
	"time"

	"github.com/connectd/connectd/internal/overview"
)

// TestTheChartTellsTheLowestThatThereWas, also where its scale begins at 0.
func TestTheChartTellsTheLowestThatThereWas(t *testing.T) {
	t.Parallel()
	first := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	got := ableChart([]overview.Day{{Day: first, Able: 40}, {Day: first.AddDate(0, 0, 1), Able: 100}})[0].About
	if want := "A line from 40 on 1 March 2026 to 100 on 2 March 2026, between 40 and 100."; got != want {
		t.Errorf("%q", got)
	}
}
