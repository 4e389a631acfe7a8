package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// contract is what the page is held against of api/openapi.json.
type contract struct {
	Paths map[string]map[string]struct {
		Security []map[string][]string
	}
	Components struct {
		Examples map[string]struct {
			Value struct{ Status int }
		}
	}
}

func readContract(t *testing.T) (c contract) {
	t.Helper()
	text, err := os.ReadFile("../../api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// rowsUnder are the rows, without what separates their cells, of the table whose first column has the heading.
func rowsUnder(t *testing.T, heading string) (rows [][]string) {
	t.Helper()
	page, err := os.ReadFile(apiPage)
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(page), "\n| "+heading+" |")
	if !found {
		t.Fatalf("%s has no table of %s", apiPage, heading)
	}
	for _, line := range strings.Split(table, "\n")[2:] {
		if !strings.HasPrefix(line, "|") {
			break
		}
		rows = append(rows, strings.Split(strings.Trim(line, "| "), " | "))
	}
	return rows
}

// TestThePageListsEveryProblem by its status, and each once.
func TestThePageListsEveryProblem(t *testing.T) {
	t.Parallel()
	var known, listed []string
	for code, example := range readContract(t).Components.Examples {
		known = append(known, fmt.Sprintf("`%s` %d", code, example.Value.Status))
	}
	for _, row := range rowsUnder(t, "`code`") {
		if len(row) != 3 || row[2] == "" {
			t.Errorf("%v does not say what to do", row)
		}
		listed = append(listed, row[0]+" "+row[1])
	}
	slices.Sort(known)
	if diff := cmp.Diff(known, slices.Sorted(slices.Values(listed))); diff != "" {
		t.Error(diff)
	}
}

func TestThePageListsEveryScope(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"accounts:force": true} // no operation's own
	for _, methods := range readContract(t).Paths {
		for _, op := range methods {
			for _, security := range op.Security {
				for _, scope := range slices.Concat(slices.Collect(maps.Values(security))...) {
					known[scope] = true
				}
			}
		}
	}
	listed := map[string]bool{}
	for _, row := range rowsUnder(t, "scope") {
		listed[strings.Trim(row[0], "`")] = true
	}
	if diff := cmp.Diff(known, listed); diff != "" {
		t.Error(diff)
	}
}

// TestThePageNamesRoutesThatExist, with the methods that they take.
func TestThePageNamesRoutesThatExist(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(apiPage)
	if err != nil {
		t.Fatal(err)
	}
	c := readContract(t)
	named := regexp.MustCompile("`(GET|POST|DELETE) (/[^`? ]*)").FindAllStringSubmatch(string(page), -1)
	if len(named) == 0 {
		t.Fatal("the page names no routes")
	}
	for _, route := range named {
		if _, ok := c.Paths[route[2]][strings.ToLower(route[1])]; !ok {
			t.Errorf("there is no %s %s", route[1], route[2])
		}
	}
}
