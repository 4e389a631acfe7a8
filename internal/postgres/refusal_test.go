package postgres_test

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/postgres"
)

func startError(t *testing.T, config postgres.ServerConfig) error {
	t.Helper()
	config.Logger = slog.New(slog.DiscardHandler)
	server, err := postgres.StartServer(t.Context(), config)
	if err == nil {
		stop(t, server)
		t.Fatal("the server started")
	}
	return err
}

func TestSecondStartOnAFolderNamesTheHolder(t *testing.T) {
	t.Parallel()
	dir := serverDir(t)
	process, url := startProcess(t, serveVariable, dir)

	err := startError(t, postgres.ServerConfig{DataDir: dir})

	if want := "process " + strconv.Itoa(process.Process.Pid); !strings.Contains(err.Error(), want) {
		t.Errorf("got %q, want it to name %q", err, want)
	}
	query[int](t, url, "select 1") // the first is unharmed
}

func TestDataOfAnotherMajorVersionIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	files := map[string]string{"data/PG_VERSION": "9\n", "data/base": "precious", "password": "secret"}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	err := startError(t, postgres.ServerConfig{DataDir: dir})

	if !strings.Contains(err.Error(), "Postgres 9") {
		t.Errorf("got %q, want it to name Postgres 9", err)
	}
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s is %q (%v), want it untouched", name, got, err)
		}
	}
}

// TestDataThatIsNotPostgresIsRefusedAndKept, and nothing is left beside it.
func TestDataThatIsNotPostgresIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	const restore = "restore it from a backup, move it away to begin with an empty database, or name another folder"
	for name, c := range map[string]struct {
		files map[string]string
		says  string
	}{
		"an empty version":  {map[string]string{"data/PG_VERSION": "", "data/base": "precious", "password": "secret"}, "says no version of Postgres"},
		"no version":        {map[string]string{"data/base": "precious", "password": "secret"}, "holds base but no PG_VERSION"},
		"another file":      {map[string]string{"data/thesis.txt": "precious", "password": "secret"}, "holds thesis.txt but no PG_VERSION"},
		"no version at all": {map[string]string{"data/PG_VERSION": "seventeen", "password": "secret"}, "says no version of Postgres"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newDir(t)
			for path, text := range c.files {
				path = filepath.Join(dir, path)
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			err := startError(t, postgres.ServerConfig{DataDir: dir})
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), restore) {
				t.Errorf("got %q, want it to say %q and the way out", err, c.says)
			}
			for path, want := range c.files {
				if got, err := os.ReadFile(filepath.Join(dir, path)); err != nil || string(got) != want {
					t.Errorf("%s is %q (%v), want it untouched", path, got, err)
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "data.new")); err == nil {
				t.Error("data.new was left behind")
			}
		})
	}
}

func TestFolderWithOtherThingsIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}

	err := startError(t, postgres.ServerConfig{DataDir: dir})

	if !strings.Contains(err.Error(), "not empty") {
		t.Errorf("got %q, want it to say that the folder is not empty", err)
	}
}

// TestFolderThatCantBeHadSaysWhatToDo: a file in its place, or above it a folder that Postgres's user may not enter.
func TestFolderThatCantBeHadSaysWhatToDo(t *testing.T) {
	t.Parallel()
	above := filepath.Dir(newDir(t))
	file := filepath.Join(above, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(above, "closed")
	if err := os.Mkdir(closed, 0o500); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		if err := os.Chown(closed, 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{file, filepath.Join(file, "below"), filepath.Join(closed, "below")} {
		err := startError(t, postgres.ServerConfig{DataDir: dir})
		if want := "name another folder with --data-dir, or set DATABASE_URL"; !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q", dir, err)
		}
	}
}

func TestTakenPortIsNamed(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	other, err := lc.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	port := other.Addr().(*net.TCPAddr).Port

	err = startError(t, postgres.ServerConfig{DataDir: serverDir(t), Port: port})

	if !strings.Contains(err.Error(), "port "+strconv.Itoa(port)) {
		t.Errorf("got %q, want it to name port %d", err, port)
	}
}
