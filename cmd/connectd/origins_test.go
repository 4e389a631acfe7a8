package main

import (
	"os"
	"testing"
)

// TestOriginsOfSettings: the command line wins over the environment, and that over the file.
func TestOriginsOfSettings(t *testing.T) {
	parser, err := newParser()
	if err != nil {
		t.Fatal(err)
	}
	before := os.Environ()
	t.Cleanup(func() { restore(before) })
	t.Chdir(t.TempDir())
	for name := range settings(parser.Model) {
		_ = os.Unsetenv(name)
	}
	if err := os.WriteFile(".env.development", []byte("CONNECTD_GAP=2h\nCONNECTD_API_RATE=5\nCONNECTD_SCAN_BRAKE=1,1%\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CONNECTD_API_RATE", "7")
	t.Setenv("CONNECTD_SCAN_BRAKE", "2,2%")
	inReal := settingsSet(parser.Model)
	if wrong := readEnvironment(parser.Model); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	parsed, err := parser.Parse([]string{"serve", "--scan-brake", "3,3%"})
	if err != nil {
		t.Fatal(err)
	}
	found := originsOf(parser.Model, inReal).with(parsed)
	for name, want := range map[string]string{
		"gap": ".env.development", "api-rate": "the environment", "scan-brake": "the command line", "stale-after": "",
	} {
		if found[name] != want {
			t.Errorf("%s comes from %q, want %q", name, found[name], want)
		}
	}
}
