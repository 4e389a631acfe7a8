package checks

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSecretsStayOutOfGitAndImages: docs/deploying.md has them made inside the checkout.
func TestSecretsStayOutOfGitAndImages(t *testing.T) {
	for _, path := range []string{"deploy/.env", "deploy/secrets/stripe_secret_key"} {
		if err := exec.CommandContext(t.Context(), "git", "-C", root, "check-ignore", "--quiet", "--no-index", path).Run(); err != nil {
			t.Errorf("git does not ignore %s: %v", path, err)
		}
	}
	ignored := strings.Fields(read(t, ".dockerignore"))
	for _, pattern := range []string{"**/.env", "deploy/secrets"} {
		if !slices.Contains(ignored, pattern) {
			t.Errorf("%s goes to the image's builder", pattern)
		}
	}
}

// TestUnitsEnvironmentHasNoCommentBehindAValue: an EnvironmentFile takes it for a part of the value (systemd.exec(5)).
func TestUnitsEnvironmentHasNoCommentBehindAValue(t *testing.T) {
	_, behind, found := strings.Cut(read(t, "docs/deploying.md"), "in `/etc/connectd/connectd.env`")
	_, block, begun := strings.Cut(behind, "```sh")
	block, _, ended := strings.Cut(block, "```")
	if !found || !begun || !ended || !strings.Contains(block, "CONNECTD_DRAIN_DELAY=") {
		t.Fatal("docs/deploying.md shows no connectd.env")
	}
	for line := range strings.Lines(block) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") && strings.Contains(line, "#") {
			t.Errorf("a comment stands behind a value: %s", line)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
