package docs_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// TestFoldersOfThePageAreThoseThatThereAre holds the table of folders in architecture.md to the packages.
func TestFoldersOfThePageAreThoseThatThereAre(t *testing.T) {
	t.Parallel()
	tree, listed := os.DirFS(".."), folderTable(t)
	for folder := range packagesIn(t, tree) {
		if !listed[folder] {
			t.Errorf("%s is not in architecture.md: add it to the table under Folders, with what it is for", folder)
		}
	}
	for folder := range listed {
		if _, err := fs.Stat(tree, folder); err != nil {
			t.Errorf("architecture.md lists %s, which there is not: take it out of the table under Folders", folder)
		}
	}
}

var folderRow = regexp.MustCompile("(?m)^\\| ((?:`[^`]+`(?:, )?)+) \\|")

// folderTable are the folders that the table under Folders has.
func folderTable(t *testing.T) map[string]bool {
	page, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(page), "\n## Folders\n")
	if !found {
		t.Fatal("architecture.md has no section Folders")
	}
	section, _, _ := strings.Cut(after, "\n## ")
	listed := map[string]bool{}
	for _, row := range folderRow.FindAllStringSubmatch(section, -1) {
		for _, name := range strings.Split(row[1], ", ") {
			listed[strings.Trim(name, "`")] = true
		}
	}
	return listed
}

// TestREADMEListsEachPage: a page that nothing leads to is not read.
func TestREADMEListsEachPage(t *testing.T) {
	t.Parallel()
	tree := os.DirFS("..")
	pages, err := fs.Glob(tree, "docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal("no page was found", err)
	}
	readme := contentOf(t, tree, "README.md")
	for _, page := range pages {
		if !strings.Contains(readme, "["+path.Base(page)+"]("+page+")") {
			t.Errorf("README.md does not list %s: add it to the table of its reader under The docs", page)
		}
	}
}
