package faults

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"
)

// Report is a record's lines, by what they are.
type Report struct {
	Run        Run
	Faults     []Fault
	Calls      []Call
	Exchanges  []Exchange
	Truths     []Truth
	Yeses      []Yes
	Deliveries []Delivery
	Told       []Told
	Mails      []Mail
	Entries    []Entry
	Accounts   []Account
	Copies     []Copy
	Answers    []Answer
	Stored     map[string]int
	Feed       *Feed
}

func (r *Report) add(l Line) {
	if l.Run != nil {
		r.Run = *l.Run
	}
	if l.Feed != nil {
		r.Feed = l.Feed
	}
	if l.Stored != nil {
		if r.Stored == nil {
			r.Stored = map[string]int{}
		}
		r.Stored[l.Stored.Effect] += l.Stored.N
	}
	push(&r.Faults, l.Fault)
	push(&r.Calls, l.Call)
	push(&r.Exchanges, l.Exchange)
	push(&r.Truths, l.Truth)
	push(&r.Yeses, l.Yes)
	push(&r.Deliveries, l.Delivery)
	push(&r.Told, l.Told)
	push(&r.Mails, l.Mail)
	push(&r.Entries, l.Entry)
	push(&r.Accounts, l.Account)
	push(&r.Copies, l.Copy)
	push(&r.Answers, l.Answer)
}

func push[T any](to *[]T, item *T) {
	if item != nil {
		*to = append(*to, *item)
	}
}

// Recorder writes a record, a line at once. It is safe for concurrent use.
type Recorder struct {
	mu     sync.Mutex
	to     *json.Encoder
	report Report
	err    error
}

// NewRecorder records to w.
func NewRecorder(w io.Writer) *Recorder { return &Recorder{to: json.NewEncoder(w)} }

// Add records what happened.
func (r *Recorder) Add(l Line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.add(l)
	if err := r.to.Encode(l); err != nil && r.err == nil {
		r.err = fmt.Errorf("write the record: %w", err)
	}
}

// Report is what was recorded so far.
func (r *Recorder) Report() (Report, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.report.clipped(), r.err
}

// clipped is a report that whoever has it may add to: what it shares is never written again.
func (r Report) clipped() Report {
	r.Faults, r.Calls, r.Exchanges, r.Truths = slices.Clip(r.Faults), slices.Clip(r.Calls), slices.Clip(r.Exchanges), slices.Clip(r.Truths)
	r.Yeses, r.Deliveries, r.Told, r.Entries = slices.Clip(r.Yeses), slices.Clip(r.Deliveries), slices.Clip(r.Told), slices.Clip(r.Entries)
	r.Mails, r.Accounts, r.Copies, r.Answers = slices.Clip(r.Mails), slices.Clip(r.Accounts), slices.Clip(r.Copies), slices.Clip(r.Answers)
	r.Stored = maps.Clone(r.Stored)
	return r
}

// ReadReport reads a record that was kept.
func ReadReport(path string) (Report, error) {
	file, err := os.Open(path)
	if err != nil {
		return Report{}, err
	}
	defer file.Close()
	var r Report
	lines := json.NewDecoder(bufio.NewReader(file))
	for n := 1; ; n++ {
		var l Line
		switch err := lines.Decode(&l); {
		case err == io.EOF:
			return r, nil
		case err != nil:
			return Report{}, fmt.Errorf("line %d of %s: %w", n, path, err)
		}
		r.add(l)
	}
}
