// Package docs_test holds what the code and the docs say of each other: what packages may import, which folders there are, where
// links lead, and which names there are.
//
// It is for tests alone and may import the standard library alone. Its one rule: what it finds wrong, it says how to write.
package docs_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "github.com/connectd/connectd"

// TestPackagesSayWhatTheyImport: each package's comment says what it is for, what it may import of connectd's, and the one rule it
// keeps; and what it may import is what it does import, no more and no less.
func TestPackagesSayWhatTheyImport(t *testing.T) {
	t.Parallel()
	for _, wrong := range misdescribed(t, os.DirFS("..")) {
		t.Error(wrong)
	}
}

// source is a package as its files are.
type source struct {
	name     string
	comment  string
	comments int             // how many of its files have one
	ours     map[string]bool // what it imports of connectd's, by folder
	others   []string        // what it imports of others', without the standard library
}

// packagesIn are the packages of the module by their folders. Files are read whatever their build tags. Imports are those of
// what is no test, but where a package has tests alone.
func packagesIn(t *testing.T, tree fs.FS) map[string]*source {
	t.Helper()
	files := map[string][]string{}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != "." && isElsewhere(tree, name) {
			return fs.SkipDir
		}
		if path.Ext(name) == ".go" {
			files[path.Dir(name)] = append(files[path.Dir(name)], name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*source{}
	for folder, names := range files {
		program := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return strings.HasSuffix(name, "_test.go") })
		if len(program) > 0 {
			names = program
		}
		found[folder] = read(t, tree, names)
	}
	return found
}

// isElsewhere reports whether a folder is none of the module's: hidden, for tests to read, or another module.
func isElsewhere(tree fs.FS, folder string) bool {
	_, err := fs.Stat(tree, path.Join(folder, "go.mod"))
	return err == nil || strings.HasPrefix(path.Base(folder), ".") || path.Base(folder) == "testdata"
}

func read(t *testing.T, tree fs.FS, names []string) *source {
	t.Helper()
	p := &source{ours: map[string]bool{}}
	for _, name := range names {
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		p.take(file)
	}
	return p
}

func (p *source) take(file *ast.File) {
	p.name = file.Name.Name
	if file.Doc != nil {
		p.comment = strings.Join(strings.Fields(file.Doc.Text()), " ")
		p.comments++
	}
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		if folder, ours := strings.CutPrefix(imported, module+"/"); ours {
			p.ours[folder] = true
		} else if strings.Contains(strings.Split(imported, "/")[0], ".") {
			p.others = append(p.others, imported)
		}
	}
}

var (
	mayImport   = regexp.MustCompile(`\bIt (is for tests alone and )?may import ([^.]+)\.`)
	oneRule     = regexp.MustCompile(`\bIts one rule: .+`)
	parentheses = regexp.MustCompile(` ?\([^()]*\)`)
)

// form is what a package comment has to be.
const form = `one of its files, and one alone, has to have a package comment of three parts:

	// %s is … (a sentence or two: what it is for)
	//
	// %s Its one rule: … (what always holds of it).

A reason may stand behind a name in parentheses. What is for tests alone says "It is for tests alone and may import …"; what imports
nothing but Go's own says "… may import %s."; what wires all of it "… may import %s."`

const (
	everything = "everything"
	nothing    = "nothing of connectd's"
	standard   = "the standard library alone"
)

// claim is what a package's comment says of its imports.
type claim struct {
	folders    []string // as the comment names them, without internal/
	everything bool
	standard   bool // nothing of others' either
	tests      bool // it is for tests alone
}

// claimIn reads the sentence; what stands in parentheses is for people.
func claimIn(comment string) (c claim, found bool) {
	sentence := mayImport.FindStringSubmatch(parentheses.ReplaceAllString(comment, ""))
	if sentence == nil {
		return c, false
	}
	c.tests = sentence[1] != ""
	for _, name := range strings.Split(strings.ReplaceAll(sentence[2], " and ", ", "), ", ") {
		switch name {
		case everything:
			c.everything = true
		case standard:
			c.standard = true
		case nothing:
		default:
			c.folders = append(c.folders, name)
		}
	}
	return c, true
}

// sentenceOf is the sentence as it has to be.
func sentenceOf(p *source, tests bool) string {
	begin := "It may import "
	if tests {
		begin = "It is for tests alone and may import "
	}
	names := namesOf(p)
	switch len(names) {
	case 0:
		return begin + nothing + "."
	case 1:
		return begin + names[0] + "."
	}
	last := len(names) - 1
	return begin + strings.Join(names[:last], ", ") + " and " + names[last] + "."
}

// namesOf are the folders of connectd's that a package imports, as comments name them.
func namesOf(p *source) (names []string) {
	for folder := range p.ours {
		names = append(names, strings.TrimPrefix(folder, "internal/"))
	}
	slices.Sort(names)
	return names
}

// misdescribed says of each package what is wrong with its comment, and what to write.
func misdescribed(t *testing.T, tree fs.FS) (wrong []string) {
	t.Helper()
	packages := packagesIn(t, tree)
	for _, folder := range slices.Sorted(maps.Keys(packages)) {
		p := packages[folder]
		for _, what := range append(wrongWith(folder, p), testSupportIn(p, packages)...) {
			wrong = append(wrong, folder+": "+what)
		}
	}
	return wrong
}

func wrongWith(folder string, p *source) []string {
	c, found := claimIn(p.comment)
	title := "Package " + p.name
	if p.name == "main" {
		title = "Command " + path.Base(folder)
	}
	if p.comments != 1 || !found || !oneRule.MatchString(p.comment) || !strings.HasPrefix(p.comment, title+" ") {
		return []string{fmt.Sprintf(form, title, sentenceOf(p, c.tests), standard, everything)}
	}
	if c.everything {
		return nil
	}
	var wrong []string
	imported := namesOf(p)
	if more := without(imported, c.folders); len(more) > 0 {
		wrong = append(wrong, fmt.Sprintf("it imports %s, which its comment does not name: do without, or write %q",
			strings.Join(more, ", "), sentenceOf(p, c.tests)))
	}
	if fewer := without(c.folders, imported); len(fewer) > 0 {
		wrong = append(wrong, fmt.Sprintf("its comment names %s, which it does not import: write %q",
			strings.Join(fewer, ", "), sentenceOf(p, c.tests)))
	}
	if c.standard && len(p.others) > 0 {
		wrong = append(wrong, fmt.Sprintf("it imports %s, and its comment says %q: do without", strings.Join(p.others, ", "), standard))
	}
	return wrong
}

// without are the names that are not among others.
func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(others, name) })
}

// testSupportIn says what a package that is no test imports of what is for tests alone.
func testSupportIn(p *source, packages map[string]*source) (wrong []string) {
	if c, _ := claimIn(p.comment); c.tests {
		return nil
	}
	for _, folder := range slices.Sorted(maps.Keys(p.ours)) {
		imported := packages[folder]
		if imported == nil {
			continue
		}
		if c, _ := claimIn(imported.comment); c.tests {
			wrong = append(wrong, fmt.Sprintf("it imports %s, which is for tests alone: import it from a _test.go file", folder))
		}
	}
	return wrong
}

// TestMisdescribedPackagesAreFound doctors packages, one way each.
func TestMisdescribedPackagesAreFound(t *testing.T) {
	t.Parallel()
	const shop = "// Package shop sells.\n//\n// It may import price. Its one rule: no sale without a price.\n" +
		"package shop\n\nimport \"github.com/connectd/connectd/internal/price\"\n"
	const price = "// Package price says prices.\n//\n// It may import the standard library alone. Its one rule: no price is negative.\npackage price\n"
	for name, tt := range map[string]struct {
		file, old, new string
		want           string // in what is found; "": all is well
	}{
		"as it should be":             {},
		"a reason in parentheses":     {"internal/shop/shop.go", "price. Its", "price (what. And. Why). Its", ""},
		"wrapped lines":               {"internal/shop/shop.go", "may import price", "may\n// import price", ""},
		"all of it":                   {"internal/shop/shop.go", "may import price", "may import everything", ""},
		"an import that is not named": {"internal/shop/shop.go", "import price.", "import nothing of connectd's.", `write "It may import price."`},
		"a name that is not imported": {"internal/shop/shop.go", "import price.", "import price and stock.", "names stock"},
		"no imports said":             {"internal/shop/shop.go", "It may import price. ", "", "It may import price. Its one rule: …"},
		"no rule":                     {"internal/shop/shop.go", " Its one rule: no sale without a price.", "", "three parts"},
		"no purpose":                  {"internal/shop/shop.go", "// Package shop sells.\n//\n", "", "three parts"},
		"another's name":              {"internal/shop/shop.go", "Package shop", "Package shopping", "three parts"},
		"no comment":                  {"internal/price/price.go", price, "package price\n", "three parts"},
		"two comments":                {"internal/price/more.go", "", "// Package price has two comments.\npackage price\n", "three parts"},
		"an import behind a tag": {
			"internal/price/tagged.go", "", "//go:build faults\n\npackage price\n\nimport _ \"github.com/connectd/connectd/internal/shop\"\n",
			"it imports shop",
		},
		"an import of others'": {
			"internal/price/other.go", "", "package price\n\nimport _ \"example.com/money\"\n", "imports example.com/money",
		},
		"a test's import":    {"internal/price/price_test.go", "", "package price\n\nimport _ \"github.com/connectd/connectd/internal/shop\"\n", ""},
		"tests alone":        {"internal/faults/f_test.go", "", "package faults\n\nimport _ \"github.com/connectd/connectd/internal/shop\"\n", "It may import shop."},
		"test support":       {"internal/price/price.go", "It may", "It is for tests alone and may", "internal/shop: it imports internal/price, which is for tests alone"},
		"testdata":           {"internal/price/testdata/x.go", "", "package nothing\n", ""},
		"another module":     {"tools/tool.go", "", "package tool\n", ""},
		"a command's":        {"cmd/till/main.go", "", "// Command till counts.\n//\n// It may import everything. Its one rule: it decides nothing.\npackage main\n", ""},
		"a command's second": {"cmd/till/main.go", "", "// Command till counts.\npackage main\n", "cmd/till: one of its files"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree := fstest.MapFS{
				"internal/shop/shop.go":   {Data: []byte(shop)},
				"internal/price/price.go": {Data: []byte(price)},
				"tools/go.mod":            {Data: []byte("module tools\n")},
			}
			if tt.file != "" {
				tree[tt.file] = &fstest.MapFile{Data: []byte(doctored(t, tree[tt.file], tt.old, tt.new))}
			}
			found := strings.Join(misdescribed(t, tree), "\n")
			if !strings.Contains(found, tt.want) || (tt.want == "") != (found == "") {
				t.Errorf("found %s\nwant %s", cmp.Or(found, "nothing"), cmp.Or(tt.want, "nothing"))
			}
		})
	}
}

// doctored is a file with one text in place of another, or a new file.
func doctored(t *testing.T, file *fstest.MapFile, old, changed string) string {
	t.Helper()
	if file == nil {
		return changed
	}
	if !strings.Contains(string(file.Data), old) {
		t.Fatalf("there is no %q", old)
	}
	return strings.Replace(string(file.Data), old, changed, 1)
}
