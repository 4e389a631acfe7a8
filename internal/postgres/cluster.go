package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

const (
	databaseName  = "connectd"
	superuserName = "connectd"
)

// durability is what a server promises about the data that it was given.
type durability string

const (
	durable    durability = "durable"    // what was committed survives a power loss; the data is kept
	disposable durability = "disposable" // for tests: fast, its data thrown away at the next start
)

func (d durability) settings() []string {
	common := []string{
		"listen_addresses=127.0.0.1",
		"unix_socket_directories=",
		"timezone=UTC",
		"log_timezone=UTC",
		"log_line_prefix=%m [%p] ",
	}
	if d == disposable {
		return append(common, "max_connections=500", "autovacuum=off", "fsync=off", "synchronous_commit=off", "full_page_writes=off",
			"wal_level=minimal", "max_wal_senders=0", "max_wal_size=512MB")
	}
	// The server's log is a plain file: neither a statement nor a row's values (they stand in an error's DETAIL) go there.
	return append(common, "max_connections=200", "log_min_error_statement=panic", "log_error_verbosity=terse")
}

// ensureCluster makes the data folder unless there is one. It comes into being by a rename, so that an initdb that was
// killed leaves nothing that looks like data.
func ensureCluster(ctx context.Context, o order) error {
	f := folder(o.Dir)
	if err := os.RemoveAll(f.unborn()); err != nil {
		return err
	}
	if o.Durability == disposable {
		if err := os.RemoveAll(f.data()); err != nil {
			return err
		}
	}
	major, err := f.major()
	if err == nil {
		err = f.ensurePassword()
	}
	if err != nil || major != 0 {
		return err
	}
	if err := ensureRoom(string(f)); err != nil {
		return err
	}
	if err := initdb(ctx, o); err != nil {
		return err
	}
	if err := os.Rename(f.unborn(), f.data()); err != nil {
		return errors.Join(err, os.RemoveAll(f.unborn()))
	}
	return syncDir(string(f))
}

func initdb(ctx context.Context, o order) error {
	var out []byte
	var err error
	for _, locale := range locales(o.Binaries.Major) {
		args := append(initdbArgs(o), locale...)
		cmd := exec.CommandContext(ctx, o.Binaries.path("initdb"), args...)
		cmd.Env = serverEnviron()
		out, err = cmd.CombinedOutput()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		// A locale that the machine lacks is refused before anything is written; initdb clears up after later failures.
	}
	return fmt.Errorf("initdb: %w: %s", err, lastLines(out))
}

func initdbArgs(o order) []string {
	f := folder(o.Dir)
	args := []string{
		"--pgdata=" + f.unborn(), "--username=" + superuserName, "--pwfile=" + f.password(),
		"--auth=scram-sha-256", "--encoding=UTF8", "--lc-messages=C",
	}
	if o.Durability == disposable {
		args = append(args, "--no-sync")
	}
	return args
}

// locales are tried in turn: byte order for sorting, so that an index is the same on every machine, with Unicode's upper
// and lower case where that can be had.
func locales(major int) [][]string {
	unicode := []string{"--locale=C.UTF-8"}
	if major >= 17 {
		unicode = []string{"--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"}
	}
	return [][]string{unicode, {"--locale=C"}}
}

// lastLines is the end of what a program said, on one line.
func lastLines(out []byte) string {
	lines := strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' })
	return strings.Join(lines[max(0, len(lines)-3):], "; ")
}
