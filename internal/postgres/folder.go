package postgres

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// folder is where one embedded server keeps all it has. Nothing else may live in it.
type folder string

func (f folder) data() string     { return filepath.Join(string(f), "data") }
func (f folder) unborn() string   { return filepath.Join(string(f), "data.new") } // becomes data once initdb is through
func (f folder) password() string { return filepath.Join(string(f), "password") }
func (f folder) log() string      { return filepath.Join(string(f), logName) }

// The files in a folder that root opens too, which goes through folder.open.
const (
	logName     = "server.log"
	holderName  = "holder.json" // locked by the supervisor
	usersName   = "users.lock"  // locked by a shared server's users
	starterName = "start.lock"  // locked by who looks for a shared server, or starts it
)

// otherwise is the way out of a folder that can't be had.
const otherwise = "name another folder with --data-dir, or set DATABASE_URL"

// restore is the way out of data that can't be used.
const restore = "restore it from a backup, move it away to begin with an empty database, or " + otherwise

// versionName is the file in which Postgres's data says what made it (postgresql.org/docs/current/storage-file-layout.html).
const versionName = "PG_VERSION"

// open opens a file in the folder, or makes it. The folder may belong to another user than this process's, who must not be
// able to point root at a file elsewhere: os.Root follows no link that leads out.
func (f folder) open(name string, flag int) (*os.File, error) {
	root, err := os.OpenRoot(string(f))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.OpenFile(name, flag|os.O_CREATE, 0o600)
}

// DefaultDataDir is the user's data folder for connectd: $XDG_DATA_HOME/connectd or its equivalent, and
// /var/lib/connectd for root, whose home no other user may enter. It is not created.
func DefaultDataDir() (string, error) {
	if os.Getuid() == 0 {
		return "/var/lib/connectd", nil
	}
	if data := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(data) {
		return filepath.Join(data, "connectd"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the user's data folder (name one with --data-dir): %w", err)
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "connectd"), nil
	}
	return filepath.Join(home, ".local", "share", "connectd"), nil
}

// major is the major version of the Postgres that made the folder's data, 0 where there is none yet.
func (f folder) major() (int, error) {
	text, err := os.ReadFile(filepath.Join(f.data(), versionName))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, f.refuseVersionless()
	}
	if err != nil {
		return 0, fmt.Errorf("read the data folder's version: %w: %s", err, otherwise)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || major <= 0 {
		return 0, fmt.Errorf("%s says no version of Postgres, so its data is damaged: %s", filepath.Join(f.data(), versionName), restore)
	}
	return major, nil
}

// refuseVersionless refuses data that Postgres would not know as its own; it would be in the way of a new folder.
func (f folder) refuseVersionless() error {
	entries, err := os.ReadDir(f.data())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("open data folder: %w: %s", err, otherwise)
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s holds %s but no %s, so it is not Postgres's, or damaged: %s", f.data(), entries[0].Name(), versionName, restore)
	}
	return nil
}

// openFolder makes the folder if it is missing and sees to it that the user who will run Postgres can reach it.
func openFolder(dir string) (folder, error) {
	if os.Getenv(supervisorVariable) != "" {
		return "", errors.New("this process was started as a supervisor and runs something else: " +
			"postgres.Main has to be the first line of main and of TestMain")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("open data folder: %w", err)
	}
	if os.Getuid() == 0 {
		if err := refuseRootsHome(dir); err != nil {
			return "", err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make data folder: %w: %s", err, otherwise)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", fmt.Errorf("open data folder: %w", err)
	}
	if err := folder(dir).refuseForeign(); err != nil {
		return "", err
	}
	if os.Getuid() == 0 {
		if err := openPath(dir); err != nil {
			return "", err
		}
	}
	return folder(dir), nil
}

// refuseForeign refuses a folder that holds something else: what is in a server's folder changes hands where root starts
// it.
func (f folder) refuseForeign() error {
	entries, err := os.ReadDir(string(f))
	if err != nil {
		return fmt.Errorf("open data folder: %w: %s", err, otherwise)
	}
	ours := []string{filepath.Base(f.data()), filepath.Base(f.password()), logName, holderName, usersName, starterName}
	known := func(entry fs.DirEntry) bool { return slices.Contains(ours, entry.Name()) }
	if len(entries) > 0 && !slices.ContainsFunc(entries, known) {
		return fmt.Errorf("data folder %s is not empty, and what is in it is not connectd's: %s", f, otherwise)
	}
	return nil
}

// refuseRootsHome refuses what stands below root's home: Postgres does not run as root, and that home is not opened to
// the user whom it runs as.
func refuseRootsHome(dir string) error {
	home := "/root"
	if root, err := user.LookupId("0"); err == nil && root.HomeDir != "" {
		home = root.HomeDir
	}
	for _, path := range []string{dir, resolve(dir)} {
		if path == home || home != "/" && strings.HasPrefix(path, home+"/") {
			return fmt.Errorf("data folder %s is in root's home, where Postgres, which does not run as root, "+
				"can't go: %s", dir, otherwise)
		}
	}
	return nil
}

// resolve follows the links in the part of dir that exists already.
func resolve(dir string) string {
	for path := dir; ; path = filepath.Dir(path) {
		if existing, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Join(existing, strings.TrimPrefix(dir, path))
		}
		if path == filepath.Dir(path) {
			return dir
		}
	}
}

// openPath lets other users pass through dir and those of its parents that belong to root. They can't list them.
func openPath(dir string) error {
	for path := dir; path != "/"; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("open data folder: %w", err)
		}
		if ownerOf(info) != 0 || info.Mode()&0o001 != 0 {
			continue
		}
		if err := os.Chmod(path, info.Mode().Perm()|0o011); err != nil {
			return fmt.Errorf("let Postgres's user into %s: %w", path, err)
		}
	}
	return nil
}

// ensurePassword makes the server's password on first use, for its owner's eyes alone.
func (f folder) ensurePassword() error {
	if _, err := os.Stat(f.password()); err == nil {
		return nil
	}
	if _, err := os.Stat(f.data()); err == nil {
		return fmt.Errorf("the password of the data in %s is gone: restore %s, or set DATABASE_URL",
			f.data(), f.password())
	}
	return writeDurably(f.password(), rand.Text())
}

func (f folder) readPassword() (string, error) {
	text, err := os.ReadFile(f.password())
	if err != nil {
		return "", fmt.Errorf("read the server's password: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// writeDurably writes a small private file whole or not at all.
func writeDurably(path, text string) error {
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename in dir survive a power loss.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
