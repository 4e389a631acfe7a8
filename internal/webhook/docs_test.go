package webhook

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated parts of docs/webhooks.md anew")

const page = "../../docs/webhooks.md"

// TestPageIsMadeFromTheCode: what the page says is done and kept is what is done and kept.
func TestPageIsMadeFromTheCode(t *testing.T) {
	t.Parallel()
	written, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	made := string(written)
	for name, content := range map[string]string{"types": typesTable(), "versions": versionsTable(), "kept": keptTable()} {
		made = replacePart(t, made, name, content)
	}
	if *update {
		if err := os.WriteFile(page, []byte(made), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if made != string(written) {
		t.Error("docs/webhooks.md is not as the code is: make golden")
	}
}

func replacePart(t *testing.T, page, name, content string) string {
	t.Helper()
	before, rest, begins := strings.Cut(page, "<!-- "+name+":")
	head, rest, closes := strings.Cut(rest, "-->\n")
	_, after, ends := strings.Cut(rest, "<!-- end -->")
	if !begins || !closes || !ends {
		t.Fatalf("the page has no part %q", name)
	}
	return before + "<!-- " + name + ":" + head + "-->\n" + content + "<!-- end -->" + after
}

func typesTable() string {
	var b strings.Builder
	b.WriteString("| type | what is done |\n|---|---|\n")
	for _, r := range table {
		fmt.Fprintf(&b, "| %s | %s |\n", codes(r.types), r.does)
	}
	return b.String()
}

func versionsTable() string {
	var b strings.Builder
	b.WriteString("| version | what may be missing |\n|---|---|\n")
	for _, version := range slices.Sorted(maps.Keys(versions)) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", version, codes(versions[version]))
	}
	return b.String()
}

func keptTable() string {
	var b strings.Builder
	b.WriteString("| type | kept |\n|---|---|\n")
	for _, r := range table {
		fmt.Fprintf(&b, "| %s | %s |\n", codes(r.types), codes(r.keeps))
	}
	return b.String()
}

// codes are names as code, in their order.
func codes(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = "`" + name + "`"
	}
	return strings.Join(quoted, ", ")
}
