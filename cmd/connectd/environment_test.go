package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAnEmptySettingIsOneThatIsNotSet: so docker compose says it of a ${VARIABLE} that nobody has set. It holds of every
// setting, wherever it is empty; what the environment leaves empty, the file may still say.
func TestAnEmptySettingIsOneThatIsNotSet(t *testing.T) {
	parser, err := newParser()
	if err != nil {
		t.Fatal(err)
	}
	before := os.Environ()
	t.Cleanup(func() { restore(before) })
	t.Chdir(t.TempDir())
	var file strings.Builder
	for name := range settings(parser.Model) {
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
		file.WriteString(name + "=\n")
	}
	want := settled(t)
	if err := os.WriteFile(".env.development", []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, settled(t)); diff != "" {
		t.Errorf("empty in the file:\n%s", diff)
	}
	for name := range settings(parser.Model) {
		t.Setenv(name, "")
	}
	if err := os.WriteFile(".env.development", []byte("CONNECTD_API_RATE=7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want["CONNECTD_API_RATE"] = 7
	if diff := cmp.Diff(want, settled(t)); diff != "" {
		t.Errorf("empty in the environment:\n%s", diff)
	}
}

// settled is what every setting is for the service.
func settled(t *testing.T) map[string]any {
	t.Helper()
	parser, err := newParser()
	if err != nil {
		t.Fatal(err)
	}
	if wrong := readEnvironment(parser.Model); len(wrong) > 0 {
		t.Error(wrong)
	}
	if _, err := parser.Parse([]string{"serve"}); err != nil {
		t.Fatal(err)
	}
	is := map[string]any{}
	for name, flag := range settings(parser.Model) {
		is[name] = flag.Target.Interface()
	}
	return is
}
