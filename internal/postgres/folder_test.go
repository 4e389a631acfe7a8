package postgres

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFolderInRootsHomeIsRefused(t *testing.T) {
	t.Parallel()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("/root", link); err != nil {
		t.Fatal(err)
	}
	for dir, refused := range map[string]bool{
		"/root":                               true,
		"/root/.local/share/connectd":         true,
		"/rooted/connectd":                    false,
		"/var/lib/connectd":                   false,
		filepath.Join(link, "there", "below"): true,
	} {
		if err := refuseRootsHome(dir); (err != nil) != refused {
			t.Errorf("%s: got %v, want refused %v", dir, err, refused)
		}
	}
}

func TestRootOpensThePathToItsFolderAndNoMore(t *testing.T) {
	t.Parallel()
	parent := filepath.Join(t.TempDir(), "private")
	dir := filepath.Join(parent, "postgres")

	if _, err := openFolder(dir); err != nil {
		t.Fatal(err)
	}

	want := os.FileMode(0o700)
	if os.Getuid() == 0 {
		want = 0o711
	}
	for _, path := range []string{parent, dir} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
}

func TestDefaultDataDir(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", "/somewhere")
	want := "/somewhere/connectd"
	if os.Getuid() == 0 {
		want = "/var/lib/connectd"
	}

	got, err := DefaultDataDir()

	if err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
