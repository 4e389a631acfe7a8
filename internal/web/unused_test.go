package web

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	defined   = regexp.MustCompile(`\{\{-? ?(?:define|block) "([^"]+)"`)
	included  = regexp.MustCompile(`\{\{-? ?(?:template|block) "([^"]+)"`)
	selectors = regexp.MustCompile(`(?m)^[^{}@]*\{`)
	classes   = regexp.MustCompile(`\.([a-z][a-z_-]*)`)
)

// TestNothingOfThePagesIsUnused: no template is defined that none includes, and no class has a style that nothing names.
func TestNothingOfThePagesIsUnused(t *testing.T) {
	t.Parallel()
	pages := contentOf(t, "templates/*.html")
	includes := namesIn(included, pages)
	for _, name := range namesIn(defined, pages) {
		if !slices.Contains(includes, name) {
			t.Errorf("no page includes the template %s", name)
		}
	}
	used := pages + contentOf(t, "*.go", "assets/*.js", "../account/verdict.go", "../registry/*.go", "../access/*.go")
	styles := strings.Join(selectors.FindAllString(contentOf(t, "assets/*.css"), -1), "\n")
	for _, name := range namesIn(classes, styles) {
		if !regexp.MustCompile(`["} .-]` + regexp.QuoteMeta(strings.TrimPrefix(name, "in-")) + `["{ .]`).MatchString(used) {
			t.Errorf("no page has the class %s", name)
		}
	}
}

// namesIn are the names that the pattern finds, each once.
func namesIn(pattern *regexp.Regexp, text string) []string {
	var names []string
	for _, found := range pattern.FindAllStringSubmatch(text, -1) {
		names = append(names, found[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// contentOf is all that the files hold.
func contentOf(t *testing.T, patterns ...string) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no file is %s (%v)", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
	}
	return all.String()
}
