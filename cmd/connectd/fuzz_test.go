package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzEnvironmentFile: whatever stands in the file, it is read or refused in a sentence that does not repeat it.
func FuzzEnvironmentFile(f *testing.F) {
	for _, content := range []string{"A=b", "export A='b'", "A", "=b", "A=\"b", "\x00=\x00", "A=${A}", "# only a comment", "STRIPE SECRET=sk_test_secret"} {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, ".env.development"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Chdir(dir)
		before := os.Environ()
		t.Cleanup(func() { restore(before) })
		wrong := loadEnvironment()
		for _, err := range wrong {
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the file is repeated: %v", err)
			}
		}
	})
}

// restore makes the environment what it was: the file may have added to it.
func restore(environment []string) {
	os.Clearenv()
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		_ = os.Setenv(name, value) // it was set before
	}
}
