package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	testWithin = 5 * time.Minute // of one mutant's test, unless the mutant says less
	columns    = "%-52s %8.1f s"
)

// runner runs mutants one after the other: tests that had to share the machine with others might fail by that alone.
type runner struct {
	root string // the repository's
	dir  string // for what is laid over
	out  io.Writer
}

// verdict is what became of a mutant.
type verdict string

const (
	killed     verdict = "killed"
	survived   verdict = "SURVIVED"
	uncompiled verdict = "DOES NOT COMPILE"
	timedOut   verdict = "TIMED OUT"
	unsettled  verdict = "NO VERDICT" // the package failed, and the test did not
)

var errNotAllKilled = errors.New("not every mutant is killed: write the test that would notice, or mend the mutant")

func (r runner) run(ctx context.Context, mutants []mutant) error {
	began := time.Now()
	if err := r.checkUnbroken(ctx, mutants); err != nil {
		return err
	}
	fmt.Fprintf(r.out, columns+"\n", "unbroken, all pass", time.Since(began).Seconds())
	dead := 0
	for _, m := range mutants {
		is, err := r.report(ctx, m)
		if err != nil {
			return err
		}
		if is == killed {
			dead++
		}
	}
	fmt.Fprintf(r.out, "%d of %d killed in %.0f s\n", dead, len(mutants), time.Since(began).Seconds())
	if dead < len(mutants) {
		return errNotAllKilled
	}
	return nil
}

// report tries a mutant and prints what became of it, and where it is not killed what it is.
func (r runner) report(ctx context.Context, m mutant) (verdict, error) {
	began := time.Now()
	is, output, err := r.try(ctx, m)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(r.out, columns+"  %-16s  %s %s\n", m.name, time.Since(began).Seconds(), is, m.pkg, m.test)
	if is != killed {
		fmt.Fprintf(r.out, "    %s:\n    - %s\n    + %s\n    %s\n", m.file, m.old, m.new, m.harm)
	}
	if is != killed && is != survived {
		fmt.Fprintln(r.out, indent(output))
	}
	return is, nil
}

// checkUnbroken runs the tests of all on the tree as it is: one that fails anyway would kill any mutant.
func (r runner) checkUnbroken(ctx context.Context, mutants []mutant) error {
	byPackage := map[string][]string{}
	for _, m := range mutants {
		if !slices.Contains(byPackage[m.pkg], m.test) {
			byPackage[m.pkg] = append(byPackage[m.pkg], m.test)
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(byPackage)) {
		tests := byPackage[pkg]
		t, err := r.goTest(ctx, pkg, "^("+strings.Join(tests, "|")+")$", 4*testWithin)
		if err != nil {
			return err
		}
		for _, test := range tests {
			if !t.passed[test] {
				return fmt.Errorf("%s of %s does not pass as it is:\n%s", test, pkg, indent(t.output))
			}
		}
	}
	return nil
}

// try runs a mutant's test on it.
func (r runner) try(ctx context.Context, m mutant) (is verdict, output string, err error) {
	overlay, err := r.overlay(m)
	if err != nil {
		return "", "", err
	}
	within := testWithin
	if m.hangs > 0 {
		within = m.hangs
	}
	t, err := r.goTest(ctx, m.pkg, "^"+m.test+"$", within, "-overlay", overlay)
	return m.judge(t), t.output, err
}

func (m mutant) judge(t tested) verdict {
	passed, began := t.passed[m.test]
	switch {
	case !t.compiled:
		return uncompiled
	case t.timedOut && m.hangs == 0:
		return timedOut
	case !began:
		return unsettled
	case passed:
		return survived
	}
	return killed
}

// overlay lays the mutant over its file.
func (r runner) overlay(m mutant) (path string, err error) {
	content, err := m.mutate(r.root)
	if err != nil {
		return "", err
	}
	instead := filepath.Join(r.dir, m.name+filepath.Ext(m.file))
	encoded, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(r.root, m.file): instead}})
	if err != nil {
		return "", err
	}
	path = filepath.Join(r.dir, m.name+".json")
	return path, errors.Join(os.WriteFile(instead, content, 0o600), os.WriteFile(path, encoded, 0o600))
}

const linesShown = 30

// indent is the end of an output, which says why.
func indent(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	return "        " + strings.Join(lines[max(0, len(lines)-linesShown):], "\n        ")
}
