package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// newestDownload is what a new data folder is made with where nothing is installed.
const newestDownload = 17

var downloadVersions = map[int]embedded.PostgresVersion{
	14: embedded.V14, 15: embedded.V15, 16: embedded.V16, 17: embedded.V17, 18: embedded.V18,
}

// download fetches Postgres's programs, some 30 MB, from Maven Central, and keeps them.
type download struct {
	dir        string // one folder a major version; "": there is no place for it
	repository string // "": the library's own
}

func newDownload() download {
	if os.Getuid() == 0 {
		return download{dir: "/var/cache/connectd"} // root's own cache is closed to the user who runs Postgres
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return download{}
	}
	return download{dir: filepath.Join(cache, "connectd")}
}

func (d download) home(major int) string {
	return filepath.Join(d.dir, "postgres-"+strconv.Itoa(major))
}

// pattern matches what was downloaded before.
func (d download) pattern() string {
	if d.dir == "" {
		return ""
	}
	return filepath.Join(d.dir, "postgres-*", "bin")
}

func (d download) get(ctx context.Context, major int, logger *slog.Logger) (binaries, error) {
	if d.dir == "" {
		return binaries{}, errors.New("the user has no cache folder to keep a download in")
	}
	if major == 0 {
		major = newestDownload
	}
	version, ok := downloadVersions[major]
	if !ok {
		return binaries{}, fmt.Errorf("there is no download of Postgres %d", major)
	}
	logger.InfoContext(ctx, "downloading Postgres, as none is installed", "version", version, "to", d.home(major))
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return binaries{}, err
	}
	done := make(chan error, 1)
	go func() { done <- d.fetch(version, d.home(major)) }() // the library knows no context
	select {
	case <-ctx.Done():
		return binaries{}, context.Cause(ctx)
	case err := <-done:
		if err != nil {
			return binaries{}, err
		}
	}
	return inspect(ctx, filepath.Join(d.home(major), "bin"))
}

// fetch lets the library download and extract, which it does only as a part of a start, and only its own way: it empties
// its runtime folder and whatever data folder is of another version. So it gets folders to throw away, and a locale that
// makes its initdb fail, which is after the extraction and before any server.
func (d download) fetch(version embedded.PostgresVersion, home string) error {
	scratch, err := os.MkdirTemp(d.dir, "download-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)

	extracted := filepath.Join(scratch, "postgres")
	config := embedded.DefaultConfig().Version(version).Port(0).Locale("none").Logger(io.Discard).
		CachePath(filepath.Join(scratch, "cache")).RuntimePath(filepath.Join(scratch, "runtime")).
		DataPath(filepath.Join(scratch, "data")).BinariesPath(extracted)
	if d.repository != "" {
		config = config.BinaryRepositoryURL(d.repository)
	}
	startErr := embedded.NewDatabase(config).Start()
	for _, program := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(extracted, "bin", program)); err != nil {
			return fmt.Errorf("download Postgres %s: %w", version, errors.Join(startErr, err))
		}
	}
	return publish(extracted, home)
}

// publish moves what was extracted into place at once. Another process may have been faster, with the same.
func publish(extracted, home string) error {
	err := os.Rename(extracted, home)
	if _, statErr := os.Stat(filepath.Join(home, "bin", "postgres")); statErr == nil {
		return nil
	}
	return err
}
