package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// Report is what one run has measured, on which machine, of which program.
type Report struct {
	Version string    `json:"version"`
	Commit  string    `json:"commit"`
	At      time.Time `json:"at"`
	For     string    `json:"for"` // how long each measurement went on
	Machine Machine   `json:"machine"`
	Lines   []Line    `json:"lines"`
}

// Line is one figure, with what it is held against.
type Line struct {
	Accounts int     `json:"accounts"`
	Group    string  `json:"group"`
	What     string  `json:"what"`
	Value    float64 `json:"value"`
	Unit     string  `json:"unit"`
	P50      float64 `json:"p50_ms,omitempty"`
	P99      float64 `json:"p99_ms,omitempty"`

	Floor      string  `json:"floor"`
	FloorValue float64 `json:"floor_value"`
	FloorP50   float64 `json:"floor_p50_ms,omitempty"`
	FloorP99   float64 `json:"floor_p99_ms,omitempty"`
	// Ratio is how many times the floor's value it is; where both were measured in turn, by the median of the turns.
	Ratio float64 `json:"ratio"`
}

// add keeps a figure with its ratio.
func (r *run) add(l Line) {
	l.Accounts, l.Group = r.n, r.group
	if l.Ratio == 0 && l.FloorValue != 0 {
		l.Ratio = l.Value / l.FloorValue
	}
	r.lines = append(r.lines, l)
}

// WriteJSON writes the report as one object.
func (r Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// WriteTable writes the report for people.
func (r Report) WriteTable(w io.Writer) error {
	_, err := fmt.Fprintf(w, "connectd %s commit %s, %s\n%s\neach measured for %s, in turn with its floor\n\n",
		r.Version, r.Commit, r.At.Format(time.RFC3339), r.Machine, r.For)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ACCOUNTS\tGROUP\tWHAT\tFIGURE\tP50 MS\tP99 MS\tFLOOR\tFIGURE\tP50 MS\tP99 MS\tRATIO")
	for _, l := range r.Lines {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s %s\t%s\t%s\t%s\t%s %s\t%s\t%s\t%.3g\n", l.Accounts, l.Group, l.What, round(l.Value), l.Unit,
			orNone(l.P50), orNone(l.P99), l.Floor, round(l.FloorValue), l.Unit, orNone(l.FloorP50), orNone(l.FloorP99), l.Ratio)
	}
	return t.Flush()
}

func round(value float64) string {
	if value >= 100 {
		return fmt.Sprintf("%.0f", value)
	}
	return fmt.Sprintf("%.3g", value)
}

// orNone leaves out what was not measured.
func orNone(ms float64) string {
	if ms == 0 {
		return "-"
	}
	return round(ms)
}
