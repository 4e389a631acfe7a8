package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/connectd/connectd/client"
)

// progress shows how far a scan is.
type progress interface {
	show(client.Scan)
	end()
}

// newProgress is a bar on a terminal, and plain lines elsewhere.
func newProgress(w io.Writer) progress {
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) { //nolint:gosec // a file's descriptor fits
		return &bar{w: file, ProgressBar: progressbar.NewOptions64(1,
			progressbar.OptionSetWriter(file), progressbar.OptionSetDescription("checking"), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetItsString("accounts"), progressbar.OptionSetPredictTime(true),
			progressbar.OptionFullWidth(), progressbar.OptionThrottle(100*time.Millisecond),
		)}
	}
	return &lines{w: w}
}

type bar struct {
	*progressbar.ProgressBar
	w io.Writer
}

func (b *bar) show(report client.Scan) {
	b.ChangeMax64(max(report.Due, 1))
	_ = b.Set64(min(report.Checked+report.Failed, report.Due))
}

func (b *bar) end() { fmt.Fprintln(b.w) }

// lineEvery is how often a line says how far the scan is.
const lineEvery = 5 * time.Second

type lines struct {
	w    io.Writer
	last time.Time
}

func (l *lines) show(report client.Scan) {
	if report.State == "running" && time.Since(l.last) < lineEvery {
		return
	}
	l.last = time.Now()
	done := min(report.Checked+report.Failed, report.Due) // a check that failed may be made again
	fmt.Fprintf(l.w, "%s: %d of %d accounts, %.1f a second%s\n", report.State, done, report.Due, report.Rate, left(report, done))
}

func left(report client.Scan, done int64) string {
	if report.State != "running" || report.Rate <= 0 {
		return ""
	}
	seconds := float64(report.Due-done) / report.Rate
	return fmt.Sprintf(", %s left", time.Duration(seconds*float64(time.Second)).Round(time.Second))
}

func (*lines) end() {}
