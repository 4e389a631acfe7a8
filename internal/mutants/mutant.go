package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// mutant is one breakage of connectd, and the test that has to notice it.
type mutant struct {
	name string
	harm string // what would happen in production, in one sentence
	file string // from the repository's root
	old  string // stands in the file once
	new  string
	pkg  string // the test's, from the repository's root
	test string

	// hangs: where the test waits for what the breakage keeps from happening, that it ends in no time is a kill too.
	hangs time.Duration
}

// all are the mutants.
func all() []mutant {
	return slices.Concat(ordering, committing, connecting, guarding, checking, answering, telling)
}

var errNotOnce = errors.New("the text to replace has to stand in the file exactly once; say anew what to break")

// mutate is the file as the mutant has it.
func (m mutant) mutate(root string) ([]byte, error) {
	content, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return nil, err
	}
	if found := strings.Count(string(content), m.old); found != 1 {
		return nil, fmt.Errorf("%s: %s: found %d times: %w", m.name, m.file, found, errNotOnce)
	}
	return []byte(strings.Replace(string(content), m.old, m.new, 1)), nil
}
