package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const root = "../.."

// TestEachMutantStillApplies: what it breaks is there, once, and so is the test that has to notice.
func TestEachMutantStillApplies(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, m := range all() {
		if names[m.name] {
			t.Errorf("there are two of %s", m.name)
		}
		names[m.name] = true
		if _, err := m.mutate(root); err != nil {
			t.Error(err)
		}
		if m.harm == "" || m.old == m.new {
			t.Errorf("%s breaks nothing, or does not say what harm it does", m.name)
		}
		if !hasTest(t, m.pkg, m.test) {
			t.Errorf("%s: %s has no %s", m.name, m.pkg, m.test)
		}
	}
}

func hasTest(t *testing.T, pkg, test string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pkg, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == test {
				return true
			}
		}
	}
	return false
}

// TestWhatHangsUnasked: that a test ends in no time is a kill only where the mutant says so.
func TestWhatHangsUnasked(t *testing.T) {
	t.Parallel()
	hung := tested{compiled: true, timedOut: true, passed: map[string]bool{"TestOne": false}}
	for hangs, want := range map[time.Duration]verdict{0: timedOut, time.Minute: killed} {
		if got := (mutant{test: "TestOne", hangs: hangs}).judge(hung); got != want {
			t.Errorf("of one that may hang for %s: %s, want %s", hangs, got, want)
		}
	}
}

// TestTextThatStandsTwiceOrNowhereIsNoMutant: a list that no longer fits the tree fails loudly.
func TestTextThatStandsTwiceOrNowhereIsNoMutant(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte("one two two"), 0o600); err != nil {
		t.Fatal(err)
	}
	for old, want := range map[string]string{"one": "ONE two two", "two": "", "three": ""} {
		got, err := mutant{file: "a.go", old: old, new: "ONE"}.mutate(dir)
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%q became %q, %v", old, got, err)
		}
	}
}

// TestVerdicts: go test's own words on a package that is broken in each way.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod": "module a\n", "a.go": "package a\n\nfunc one() int { return 1 }\n",
		"a_test.go": strings.Join([]string{
			"package a", `import "testing"`,
			"func TestOne(t *testing.T) { if n := one(); n == 0 { select {} } else if n != 1 { t.Error(n) } }",
			"func TestNothing(*testing.T) {}",
		}, "\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := runner{root: dir, dir: t.TempDir(), out: t.Output()}
	one := mutant{file: "a.go", old: "return 1", pkg: ".", test: "TestOne"}
	for name, c := range map[string]struct {
		new, test string
		want      verdict
	}{
		"fails": {"return 2", "TestOne", killed}, "panics": {`panic("no")`, "TestOne", killed},
		"passes": {"return 2", "TestNothing", survived}, "is no Go": {"return", "TestOne", uncompiled},
		"is not run": {"return 2", "TestTwo", unsettled}, "never began": {"return 1 }; func init() { panic(1)", "TestOne", unsettled},
		"hangs": {"return 0", "TestOne", killed},
	} {
		m := one
		m.name, m.new, m.test = strings.ReplaceAll(name, " ", "-"), c.new, c.test
		if name == "hangs" {
			m.hangs = time.Second
		}
		if got, output, err := r.try(t.Context(), m); got != c.want || err != nil {
			t.Errorf("%s: %s, %v, want %s:\n%s", name, got, err, c.want, output)
		}
	}
	if err := r.run(t.Context(), []mutant{{name: "x", file: "a.go", old: "return 1", new: "return 2", pkg: ".", test: "TestOne"}}); err != nil {
		t.Error(err)
	}
}
