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

// TestAFlagChoosesTheFileToo: --env wins over CONNECTD_ENV, before or after the command's name.
func TestAFlagChoosesTheFileToo(t *testing.T) {
	before := os.Environ()
	t.Cleanup(func() { restore(before) })
	t.Chdir(t.TempDir())
	for name, content := range map[string]string{".env.development": "CONNECTD_API_RATE=1\n", ".env.production": "CONNECTD_API_RATE=2\n"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		env, rate string
		args      []string
	}{
		{"", "1", []string{"serve"}},
		{"", "2", []string{"serve", "--env", "production"}},
		{"", "2", []string{"--env=production", "serve"}},
		{"production", "2", []string{"serve"}},
		{"production", "1", []string{"serve", "--env", "development"}},
		{"", "1", []string{"serve", "--", "--env=production"}},
	} {
		t.Setenv("CONNECTD_ENV", c.env)
		if err := os.Unsetenv("CONNECTD_API_RATE"); err != nil {
			t.Fatal(err)
		}
		parser, err := newParser()
		if err != nil {
			t.Fatal(err)
		}
		chooseEnvironment(c.args)
		if wrong := readEnvironment(parser.Model); len(wrong) > 0 {
			t.Error(wrong)
		}
		if rate := os.Getenv("CONNECTD_API_RATE"); rate != c.rate {
			t.Errorf("CONNECTD_ENV=%s %v read the file with %s", c.env, c.args, rate)
		}
	}
}

func TestAnEnvironmentThatThereIsNotIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ env, args []string }{
		{[]string{"CONNECTD_ENV=staging"}, []string{"keys", "list"}},
		{nil, []string{"keys", "list", "--env", "staging"}},
	} {
		if _, words, code := connectd(t, c.env, c.args...); code != exitUsage || !strings.Contains(words, "development, production") {
			t.Errorf("%v %v ended with %d: %s", c.env, c.args, code, words)
		}
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
