package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"
)

// contractFile is the committed document.
const contractFile = "../../api/openapi.json"

var update = flag.Bool("update", false, "write what is recorded anew instead of comparing it")

// TestTheContractIsCurrent: after a change that is meant, make golden.
func TestTheContractIsCurrent(t *testing.T) {
	t.Parallel()
	served := newServer(t).callAs("", http.MethodGet, "/openapi.json", "").body
	if *update {
		if err := os.WriteFile(contractFile, served, 0o644); err != nil { //nolint:gosec // it is there to be read
			t.Fatal(err)
		}
		return
	}
	committed, err := os.ReadFile(contractFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(served, committed) {
		t.Error("api/openapi.json is not what /openapi.json answers: run make golden, and look at the difference")
	}
}

// TestExamplesAreAsTheContractHasThem, requests and answers, problems too.
func TestExamplesAreAsTheContractHasThem(t *testing.T) {
	t.Parallel()
	judge, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	for path, methods := range judge.Paths {
		for method, op := range methods {
			if op.RequestBody != nil {
				at := pointer("paths", path, method, "requestBody", "content", "application/json", "schema")
				if err := judge.fault(at, op.RequestBody.Content["application/json"].Example); err != nil {
					t.Errorf("%s: the request: %v", op.OperationID, err)
				}
			}
			for status, response := range op.Responses {
				for kind, content := range response.Content {
					at := pointer("paths", path, method, "responses", status, "content", kind, "schema")
					if err := judge.fault(at, content.Example); err != nil {
						t.Errorf("%s %s: %v", op.OperationID, status, err)
					}
				}
			}
		}
	}
	for code := range judge.Components.Examples {
		var example struct {
			Components struct {
				Examples map[string]struct{ Value json.RawMessage }
			}
		}
		unmarshal(t, judge.text, &example)
		if err := judge.fault(pointer("components", "schemas", "Problem"), example.Components.Examples[code].Value); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// TestEveryProblemIsListed with when it is met and what is then answered.
func TestEveryProblemIsListed(t *testing.T) {
	t.Parallel()
	d, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	sources, err := os.ReadFile("problem.go")
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	for line := range strings.Lines(string(sources)) {
		if _, name, ok := strings.Cut(line, ` code = "`); ok {
			declared = append(declared, strings.Trim(name, "\"\n"))
		}
	}
	if len(declared) < 20 {
		t.Fatalf("only %v are declared", declared)
	}
	for _, code := range declared {
		if listed := d.Components.Examples[code]; listed.Summary == "" || listed.Description == "" {
			t.Errorf("%s is not described: %+v", code, listed)
		}
	}
}
