package docs_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var clockOfPostgres = regexp.MustCompile(`(?i)\b((now|clock_timestamp|statement_timestamp|transaction_timestamp)\s*\(|current_(timestamp|date|time)\b)`)

// TestSQLTakesTimeAsAParameter: so a test can live a year in seconds.
func TestSQLTakesTimeAsAParameter(t *testing.T) {
	t.Parallel()
	for file, text := range queries(t) {
		if found := clockOfPostgres.FindString(text); found != "" {
			t.Errorf("%s has %s: take the time as a parameter", file, found)
		}
	}
}

// writtenElsewhere are the calls, outside the registry, of statements that write rows of accounts or sellers: passes move accounts'
// turns, by which nothing is known of an account that was not.
var writtenElsewhere = []string{
	"internal/catchup MakeDue", "internal/scan MakeDue", "internal/scan ReleaseFreed", "internal/scan ReleaseHeldBack", "internal/scan WishUnlisted",
}

var (
	statement = regexp.MustCompile(`(?m)^-- name: (\w+) :\w+$`)
	writes    = regexp.MustCompile(`\b(update|insert into|delete from) (accounts|sellers)\b`)
)

// TestRegistryAloneWritesAccounts looks who calls the statements that do.
func TestRegistryAloneWritesAccounts(t *testing.T) {
	t.Parallel()
	callers, byTheRegistry := callersOfQueries(t), 0
	var elsewhere []string
	for name, text := range statements(t) {
		if !writes.MatchString(text) {
			continue
		}
		for _, folder := range callers[name] {
			if folder == "internal/registry" {
				byTheRegistry++
			} else {
				elsewhere = append(elsewhere, folder+" "+name)
			}
		}
	}
	slices.Sort(elsewhere)
	if elsewhere = slices.Compact(elsewhere); !slices.Equal(elsewhere, writtenElsewhere) {
		t.Errorf("accounts or sellers are written by %q, and may be by %q: make an observation, and hand it to the registry", elsewhere, writtenElsewhere)
	}
	if byTheRegistry == 0 {
		t.Error("the registry writes nothing: what is looked for is not what calls a statement")
	}
}

// statements are the queries of sql/ by name.
func statements(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, text := range queries(t) {
		names, bodies := statement.FindAllStringSubmatch(text, -1), statement.Split(text, -1)[1:]
		for i, body := range bodies {
			texts[names[i][1]] = body
		}
	}
	return texts
}

// call is one of a statement: by the generated method, or of its text in a batch.
var call = regexp.MustCompile(`(\b[qQ]ueries|\bq|db\.New\(\w+\)|WithTx\(\w+\))\.(\w+)\(|\bdb\.(\w+),`)

// callersOfQueries are the folders that call each statement: tests aside, and mutants, which quote code.
func callersOfQueries(t *testing.T) map[string][]string {
	t.Helper()
	tree, callers := os.DirFS(".."), map[string][]string{}
	for _, file := range filesIn(t, tree, ".go") {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "internal/db/") || strings.HasPrefix(file, "internal/mutants/") {
			continue
		}
		for _, found := range call.FindAllStringSubmatch(contentOf(t, tree, file), -1) {
			name := found[2] + found[3]
			callers[name] = append(callers[name], path.Dir(file))
		}
	}
	return callers
}

// queries are the texts of sql/, by file.
func queries(t *testing.T) map[string]string {
	t.Helper()
	tree, texts := os.DirFS(".."), map[string]string{}
	files, err := fs.Glob(tree, "sql/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no SQL was found", err)
	}
	for _, file := range files {
		texts[file] = contentOf(t, tree, file)
	}
	return texts
}
