package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnEnvFileThatCantBeReadSaysWhereAndWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content, says string
	}{
		"no =":              {"# comment\n\nA=b\nhidden words\nC=d\n", "line 4 has no ="},
		"no name":           {"A=b\n=hidden\n", "line 2 has no name before the ="},
		"no name, exported": {"A=b\nexport =hidden\n", "line 2 has no name before the ="},
		"a quote":           {"A=b\nC=\"hidden\nD=e\n", "line 2 opens a quote that is not closed"},
		"a character":       {"A='two\nlines'\n\nB-C=hidden", "line 4 has a name with other characters"},
		"not UTF-8":         {"A=b\nC=hidden\xff\n", "line 2 is not UTF-8 text"},
		"a null":            {"A=hidden\x00", "line 1 is not UTF-8 text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), ".env.development")
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			err := loadEnvFile(path)
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hidden") {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

func TestAGuessIsMadeOnlyWhereItIsNear(t *testing.T) {
	t.Parallel()
	_, stderr, code := connectd(t, []string{"CONNECTD_FOO=1", "CONNECTD_SCAN_CORN=1"}, "serve")
	for _, words := range []string{"CONNECTD_FOO is not a setting (.env.sample has them all)", "CONNECTD_SCAN_CORN is not a setting (did you mean CONNECTD_SCAN_CRON?)"} {
		if code != 2 || !strings.Contains(stderr, words) {
			t.Errorf("it ended with %d, and does not say %q:\n%s", code, words, stderr)
		}
	}
}

// TestASecretsFileThatCantBeReadIsOneMistake: the secret was set, though it can't be had.
func TestASecretsFileThatCantBeReadIsOneMistake(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := connectd(t, []string{"STRIPE_SECRET_KEY_FILE=/nowhere", "DATABASE_URL_FILE=" + empty}, "doctor")
	for words, said := range map[string]bool{
		"STRIPE_SECRET_KEY_FILE can't be read": true, "DATABASE_URL_FILE names " + empty + ", which is empty": true,
		"STRIPE_SECRET_KEY is not set": false, "DATABASE_URL is not set": false, "STRIPE_OAUTH_CLIENT_ID is not set": true,
	} {
		if code != 2 || strings.Contains(stderr, words) != said {
			t.Errorf("it ended with %d; %q has to be said: %v\n%s", code, words, said, stderr)
		}
	}
}
