package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// The oldest major version that a new data folder is made with.
const oldestMajor = 14

// installedPatterns are where packages put Postgres beside PATH: Debian, Red Hat, Alpine, SUSE, Homebrew on either kind
// of Mac, Postgres.app.
var installedPatterns = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/usr/libexec/postgresql*",
	"/usr/lib/postgresql*/bin",
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// binaries is a folder with the programs of one Postgres.
type binaries struct {
	Dir   string `json:"dir"`
	Major int    `json:"major"`
}

func (b binaries) path(program string) string { return filepath.Join(b.Dir, program) }

// finder knows where a machine's Postgres may be.
type finder struct {
	path     string   // PATH's folders
	patterns []string // more folders
	download download
}

func newFinder() finder {
	return finder{path: os.Getenv("PATH"), patterns: installedPatterns, download: newDownload()}
}

// find returns what can serve data of the given major version (0: none yet): installed programs first, else the
// download.
func (n finder) find(ctx context.Context, dataMajor int, logger *slog.Logger) (binaries, error) {
	installed := n.installed(ctx)
	fits := func(b binaries) bool { return b.Major == dataMajor || dataMajor == 0 && b.Major >= oldestMajor }
	if i := slices.IndexFunc(installed, fits); i >= 0 {
		return installed[i], nil
	}
	if dataMajor != 0 && len(installed) > 0 {
		return binaries{}, otherMajorError(dataMajor, installed)
	}
	downloaded, err := n.download.get(ctx, dataMajor, logger)
	if err != nil {
		return binaries{}, fmt.Errorf("no Postgres server is installed here, and none could be downloaded: install "+
			"Postgres (its folder need not be in PATH), or set DATABASE_URL to a database that you have: %w", err)
	}
	return downloaded, nil
}

func otherMajorError(dataMajor int, installed []binaries) error {
	return fmt.Errorf("the data was made by Postgres %d, which is not installed here (found: Postgres %d in %s), and "+
		"another major version can't read it. Nothing was touched: install Postgres %d again, or move the data with its "+
		"pg_dump and pg_restore into a new folder, or set DATABASE_URL",
		dataMajor, installed[0].Major, installed[0].Dir, dataMajor)
}

// installed lists what is there in order of preference: PATH's, then the newest.
func (n finder) installed(ctx context.Context) []binaries {
	var first, rest []binaries
	for _, dir := range filepath.SplitList(n.path) {
		if b, err := inspect(ctx, dir); err == nil {
			first = append(first, b)
		}
	}
	for _, pattern := range append(n.patterns, n.download.pattern()) {
		dirs, _ := filepath.Glob(pattern) // fails for a malformed pattern alone
		for _, dir := range dirs {
			if b, err := inspect(ctx, dir); err == nil {
				rest = append(rest, b)
			}
		}
	}
	slices.SortStableFunc(rest, func(a, b binaries) int { return cmp.Compare(b.Major, a.Major) })
	return append(first, rest...)
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect asks the postgres in dir for its version. A folder with the client programs alone is no server.
func inspect(ctx context.Context, dir string) (binaries, error) {
	b := binaries{Dir: dir}
	for _, program := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(b.path(program)); err != nil {
			return binaries{}, err
		}
	}
	out, err := exec.CommandContext(ctx, b.path("postgres"), "--version").Output()
	if err != nil {
		return binaries{}, err
	}
	match := versionPattern.FindSubmatch(out)
	if match == nil {
		return binaries{}, errors.New("not a Postgres server")
	}
	b.Major, err = strconv.Atoi(string(match[1]))
	return b, err
}
