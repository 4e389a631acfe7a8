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

// step is how far something is: so many accounts, of so many where that is known, else 0; and in words.
type step struct {
	done, of int64
	words    string
}

// progress shows how far something is. last is a step that is shown in any case.
type progress interface {
	show(step)
	last(step)
	end()
}

// newProgress is a bar on a terminal, and plain lines elsewhere.
func newProgress(w io.Writer, doing string) progress {
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) { //nolint:gosec // a file's descriptor fits
		return &bar{w: file, ProgressBar: progressbar.NewOptions64(1,
			progressbar.OptionSetWriter(file), progressbar.OptionSetDescription(doing), progressbar.OptionShowCount(),
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

// show counts on without an end where there is none known.
func (b *bar) show(s step) {
	if s.of == 0 {
		b.ChangeMax64(-1)
		_ = b.Set64(s.done)
		return
	}
	b.ChangeMax64(max(s.of, 1))
	_ = b.Set64(min(s.done, s.of))
}

func (b *bar) last(s step) { b.show(s) }

func (b *bar) end() { fmt.Fprintln(b.w) }

// lineEvery is how often a line says how far it is.
const lineEvery = 5 * time.Second

type lines struct {
	w    io.Writer
	told time.Time
}

func (l *lines) show(s step) {
	if time.Since(l.told) >= lineEvery {
		l.last(s)
	}
}

func (l *lines) last(s step) {
	l.told = time.Now()
	fmt.Fprintln(l.w, s.words)
}

func (*lines) end() {}

func stepOf(report client.Scan) step {
	done := min(report.Checked+report.Failed, report.Due) // a check that failed may be made again
	return step{
		done: done, of: max(report.Due, 1),
		words: fmt.Sprintf("%s: %d of %d accounts, %.1f a second%s", report.State, done, report.Due, report.Rate, left(report, done)),
	}
}

// left goes by the accounts that were done so far: a call to Stripe may be for a hundred of them.
func left(report client.Scan, done int64) string {
	took := time.Since(report.StartedAt)
	if report.State != "running" || done == 0 {
		return ""
	}
	return fmt.Sprintf(", %s left", (took * time.Duration(report.Due-done) / time.Duration(done)).Round(time.Second))
}
