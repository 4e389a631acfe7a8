package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestWhatDocsPointAtIsThere: files and headings that links lead to, files and folders that are named, Go's names (`feed.Copy`),
// and tests.
func TestWhatDocsPointAtIsThere(t *testing.T) {
	t.Parallel()
	for _, wrong := range leadingNowhere(t, os.DirFS("..")) {
		t.Error(wrong)
	}
}

func TestWhatLeadsNowhereIsFound(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ page, want string }{
		"a link":              {"[x](other.md), [x](../README.md#a-heading), [x](#here)\n\n## Here", ""},
		"no such file":        {"[x](gone.md)", "docs/page.md: there is no docs/gone.md"},
		"no such picture":     {`<img src="images/gone.png">`, "there is no docs/images/gone.png"},
		"no such heading":     {"[x](other.md#gone)", "docs/other.md has no heading #gone"},
		"another's page":      {"[x](https://example.com/gone.md)", ""},
		"a file":              {"`internal/feed/feed.go`", ""},
		"no such named file":  {"`internal/feed/gone.go`", "there is no internal/feed/gone.go"},
		"a name":              {"`feed.Copy`, `feed.Copy.Read`, `feed.Lease`", ""},
		"no such name":        {"`feed.Gone`", "feed has no Gone"},
		"Stripe's name":       {"`account.updated`", ""},
		"a test":              {"TestThatIs, and `go test -run TestTh`", ""},
		"no such test":        {"TestThatWas", "there is no TestThatWas"},
		"what a reader types": {"```go\nfunc TestOfYours(t *testing.T) { [x](gone.md) }\n```", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := strings.Join(leadingNowhere(t, fstest.MapFS{
				"README.md":                    {Data: []byte("# A heading\n")},
				"docs/other.md":                {Data: []byte("# Other\n")},
				"docs/page.md":                 {Data: []byte(tt.page)},
				"internal/feed/feed.go":        {Data: []byte("package feed\n\ntype Copy struct{}\n\nfunc (Copy) Read() {}\n\nconst Lease = 1\n")},
				"internal/feed/feed_test.go":   {Data: []byte("package feed\n\nfunc TestThatIs() {}\n")},
				"internal/account/accounts.go": {Data: []byte("package account\n")},
			}), "\n")
			if !strings.Contains(found, tt.want) || (tt.want == "") != (found == "") {
				t.Errorf("found %q, want %q", found, tt.want)
			}
		})
	}
}

var (
	fenced   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"`)
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
	filePath = regexp.MustCompile("`((?:api|client|cmd|deploy|docs|internal|migrations|sandboxtest|sql|tools)/[\\w./-]*\\w)`")
	goName   = regexp.MustCompile("`(\\w+)\\.([A-Z]\\w*)(?:\\.([A-Z]\\w*))?[`(]")
	testName = regexp.MustCompile(`(-run '?\^?)?\b((?:Test|Fuzz)[A-Z]\w+)`)
)

// leadingNowhere says of each page what it names and what there is not.
func leadingNowhere(t *testing.T, tree fs.FS) (wrong []string) {
	t.Helper()
	tests, folders := testsIn(t, tree), foldersByName(t, tree)
	names := map[string]map[string]bool{} // of a package
	for _, page := range filesIn(t, tree, ".md") {
		text := fenced.ReplaceAllString(contentOf(t, tree, page), "")
		var missing []string
		missing = append(missing, linksToNothing(t, tree, page, text)...)
		for _, found := range filePath.FindAllStringSubmatch(text, -1) {
			missing = append(missing, ifGone(tree, found[1])...)
		}
		for _, found := range goName.FindAllStringSubmatch(text, -1) {
			folder, ours := folders[found[1]]
			if ours && names[folder] == nil {
				names[folder] = namesIn(t, tree, folder)
			}
			for _, name := range found[2:] {
				if ours && name != "" && !names[folder][name] {
					missing = append(missing, found[1]+" has no "+name)
				}
			}
		}
		for _, found := range testName.FindAllStringSubmatch(text, -1) {
			if !slices.ContainsFunc(tests, func(name string) bool {
				return name == found[2] || found[1] != "" && strings.HasPrefix(name, found[2])
			}) {
				missing = append(missing, "there is no "+found[2])
			}
		}
		for _, what := range missing {
			wrong = append(wrong, page+": "+what)
		}
	}
	return wrong
}

func linksToNothing(t *testing.T, tree fs.FS, page, text string) (missing []string) {
	for _, found := range link.FindAllStringSubmatch(text, -1) {
		target, err := url.Parse(found[1] + found[2])
		if err != nil || target.Host != "" || target.Scheme != "" {
			continue // another's page
		}
		file := page
		if target.Path != "" {
			file = path.Join(path.Dir(page), target.Path)
		}
		gone := ifGone(tree, file)
		if len(gone) == 0 && target.Fragment != "" && !hasHeading(contentOf(t, tree, file), target.Fragment) {
			gone = []string{file + " has no heading #" + target.Fragment}
		}
		missing = append(missing, gone...)
	}
	return missing
}

func ifGone(tree fs.FS, file string) []string {
	if _, err := fs.Stat(tree, path.Clean(file)); err != nil {
		return []string{"there is no " + file}
	}
	return nil
}

var noAnchor = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)

// hasHeading goes by the anchors that GitHub makes of headings.
func hasHeading(text, anchor string) bool {
	return slices.ContainsFunc(heading.FindAllStringSubmatch(text, -1), func(found []string) bool {
		return strings.ReplaceAll(noAnchor.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-") == anchor
	})
}

func filesIn(t *testing.T, tree fs.FS, suffix string) (names []string) {
	t.Helper()
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && name != "." && (strings.HasPrefix(path.Base(name), ".") || path.Base(name) == "testdata") {
			return fs.SkipDir
		}
		if err == nil && strings.HasSuffix(name, suffix) {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func contentOf(t *testing.T, tree fs.FS, name string) string {
	t.Helper()
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func testsIn(t *testing.T, tree fs.FS) (tests []string) {
	t.Helper()
	for _, file := range filesIn(t, tree, "_test.go") {
		for line := range strings.Lines(contentOf(t, tree, file)) {
			name, ours := strings.CutPrefix(line, "func ")
			if name, _, _ = strings.Cut(name, "("); ours && testName.MatchString(name) {
				tests = append(tests, name)
			}
		}
	}
	return tests
}

// foldersByName are those of the packages that docs may name.
func foldersByName(t *testing.T, tree fs.FS) map[string]string {
	t.Helper()
	folders := map[string]string{"client": "client"}
	found, err := fs.Glob(tree, "internal/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range found {
		folders[path.Base(folder)] = folder
	}
	return folders
}

// namesIn are what a package declares: functions, methods, types, fields, variables and constants.
func namesIn(t *testing.T, tree fs.FS, folder string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	files, err := fs.Glob(tree, folder+"/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, contentOf(t, tree, name), parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			for _, ident := range declaredBy(node) {
				names[ident.Name] = true
			}
			return true
		})
	}
	return names
}

func declaredBy(node ast.Node) []*ast.Ident {
	switch n := node.(type) {
	case *ast.FuncDecl:
		return []*ast.Ident{n.Name}
	case *ast.TypeSpec:
		return []*ast.Ident{n.Name}
	case *ast.ValueSpec:
		return n.Names
	case *ast.Field:
		return n.Names
	}
	return nil
}
