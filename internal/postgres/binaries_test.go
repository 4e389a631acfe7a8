package postgres

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// install puts programs that know their version, and nothing else, into a folder.
func install(t *testing.T, dir string, major int) binaries {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %d.1'\n", major)
	for _, program := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(dir, program), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return binaries{Dir: dir, Major: major}
}

// repository is a Maven repository that has one archive for every version and machine.
func repository(t *testing.T, checksum func([]byte) string) download {
	t.Helper()
	text, err := os.ReadFile("testdata/postgres.txz")
	if err != nil {
		t.Fatal(err)
	}
	var jar bytes.Buffer
	archive := zip.NewWriter(&jar)
	file, err := archive.Create("postgres-any-machine.txz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			fmt.Fprint(w, checksum(jar.Bytes()))
			return
		}
		_, _ = w.Write(jar.Bytes())
	}))
	t.Cleanup(server.Close)
	return download{dir: t.TempDir(), repository: server.URL}
}

func sha256Hex(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func TestInstalledProgramsAreFound(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	inPath := install(t, filepath.Join(root, "path"), 15)
	older := install(t, filepath.Join(root, "lib", "9", "bin"), 9)
	newest := install(t, filepath.Join(root, "lib", "16", "bin"), 16)
	clients := filepath.Join(root, "clients")
	if err := os.MkdirAll(clients, 0o755); err != nil {
		t.Fatal(err)
	}
	pattern := []string{filepath.Join(root, "lib", "*", "bin")}
	nowhere := download{dir: filepath.Join(root, "cache"), repository: "http://127.0.0.1:0"}

	for name, test := range map[string]struct {
		finder finder
		data   int
		want   binaries
	}{
		"PATH comes first":                   {finder{inPath.Dir, pattern, nowhere}, 0, inPath},
		"PATH's clients alone are no server": {finder{clients, pattern, nowhere}, 0, newest},
		"the newest of several":              {finder{"", pattern, nowhere}, 0, newest},
		"the data's version wins":            {finder{inPath.Dir, pattern, nowhere}, 16, newest},
		"old data has its old version":       {finder{inPath.Dir, pattern, nowhere}, 9, older},
		"nothing new is made with an old":    {finder{older.Dir, pattern, nowhere}, 0, newest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := test.finder.find(t.Context(), test.data, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOtherMajorVersionSaysHowToMove(t *testing.T) {
	t.Parallel()
	inPath := install(t, t.TempDir(), 15)

	_, err := finder{path: inPath.Dir}.find(t.Context(), 13, slog.New(slog.DiscardHandler))

	if err == nil {
		t.Fatal("found Postgres 13 where there is none")
	}
	for _, want := range []string{"Postgres 13", "Postgres 15", "pg_dump", "DATABASE_URL"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want it to name %s", err, want)
		}
	}
}

func TestDownloadServesAMachineWithoutPostgres(t *testing.T) {
	t.Parallel()
	n := finder{download: repository(t, sha256Hex)}

	got, err := n.find(t.Context(), 0, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}

	want := binaries{Dir: filepath.Join(n.download.home(newestDownload), "bin"), Major: newestDownload}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	n.download.repository = "http://127.0.0.1:0" // a second time nothing is asked of the network
	if again, err := n.find(t.Context(), 0, slog.New(slog.DiscardHandler)); err != nil || again != want {
		t.Errorf("the second time: %v, %v", again, err)
	}
	left, err := os.ReadDir(n.download.dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 {
		t.Errorf("the cache holds %v, want the programs alone", left)
	}
}

func TestNoProgramsNamesBothWaysOut(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]download{
		"unreachable":     {dir: t.TempDir(), repository: "http://127.0.0.1:0"},
		"broken download": repository(t, func([]byte) string { return "another checksum" }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := finder{download: d}.find(t.Context(), 0, slog.New(slog.DiscardHandler))
			if err == nil {
				t.Fatal("found Postgres where there is none")
			}
			for _, want := range []string{"install Postgres", "DATABASE_URL"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to name %q", err, want)
				}
			}
		})
	}
}
