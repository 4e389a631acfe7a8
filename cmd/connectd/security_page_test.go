package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEachThreatHasTestsThatExist: the page on security names for each threat what shows that it is stopped.
func TestEachThreatHasTestsThatExist(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, threats, _ := strings.Cut(string(page), "## Threats\n")
	threats, _, _ = strings.Cut(threats, "\n## ")
	written, named, rows := testsWritten(t), regexp.MustCompile(`\b(Test|Fuzz)[A-Z]\w*`), 0
	for line := range strings.Lines(threats) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| threat |") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|\n"), "|")
		threat, tests := strings.TrimSpace(cells[0]), named.FindAllString(cells[len(cells)-1], -1)
		rows++
		if len(cells) != 5 || len(tests) == 0 {
			t.Errorf("%s has %d cells and %d tests", threat, len(cells), len(tests))
		}
		for _, test := range tests {
			if !written[test] {
				t.Errorf("%s: there is no %s", threat, test)
			}
		}
	}
	if rows < 11 {
		t.Errorf("the page has %d threats", rows)
	}
}

// testsWritten are the names of all tests in the tree.
func testsWritten(t *testing.T) map[string]bool {
	t.Helper()
	function, written := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`), map[string]bool{}
	err := fs.WalkDir(os.DirFS(filepath.Join("..", "..")), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(filepath.Join("..", "..", path))
		for _, found := range function.FindAllSubmatch(source, -1) {
			written[string(found[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return written
}
