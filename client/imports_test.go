package client_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestClientBringsNothingAlong: who imports it gets the standard library and connectd's own wire types, no more.
func TestClientBringsNothingAlong(t *testing.T) {
	t.Parallel()
	for _, pkg := range []string{".", "./connecttest"} {
		listed, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		for dep := range strings.FieldsSeq(string(listed)) {
			if !strings.HasPrefix(dep, "github.com/connectd/connectd/client") {
				t.Errorf("%s imports %s", pkg, dep)
			}
		}
	}
}
