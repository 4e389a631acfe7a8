package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
	"time"
)

// This file holds what only a Unix has: users, file locks, signals to other processes.

func ownerOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}

func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// tryFlock locks file (LOCK_EX or LOCK_SH) if it is free. The lock is the open file's: it ends with the last process that
// has it open, however that dies.
func tryFlock(file *os.File, how int) (bool, error) {
	err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	return true, nil
}

// lock opens a file of the folder and waits until it is locked. Closing the file unlocks it.
func (f folder) lock(ctx context.Context, name string, how int) (*os.File, error) {
	file, err := f.open(name, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	for {
		locked, err := tryFlock(file, how)
		if err == nil && !locked {
			err = pause(ctx)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", file.Name(), err), file.Close())
		}
		if locked {
			return file, nil
		}
	}
}

// pause is the time between two looks at what other processes do.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(20 * time.Millisecond):
		return nil
	}
}

// dropRoot gives f to the user who runs Postgres and becomes that user, where this process is root: Postgres refuses to
// run as root (https://www.postgresql.org/docs/current/postgres-user.html).
func dropRoot(f folder) error {
	if os.Getuid() != 0 {
		return nil
	}
	uid, gid, err := runner(f)
	if err != nil {
		return err
	}
	if err := giveAway(f, uid, gid); err != nil {
		return fmt.Errorf("give the data folder to Postgres's user: %w", err)
	}
	err = errors.Join(syscall.Setgroups([]int{gid}), syscall.Setgid(gid), syscall.Setuid(uid))
	if err != nil {
		return fmt.Errorf("become Postgres's user, as Postgres does not run as root "+
			"(start connectd as another user, or set DATABASE_URL): %w", err)
	}
	if _, err := os.ReadDir(string(f)); err != nil {
		return fmt.Errorf("reach the data folder as Postgres's user (uid %d): %w: let that user pass through the folders "+
			"above it, %s", uid, err, otherwise)
	}
	return nil
}

// runner is who runs Postgres for root: the folder's owner, else the machine's user for Postgres, else nobody.
func runner(f folder) (uid, gid int, err error) {
	info, err := os.Stat(string(f))
	if err != nil {
		return 0, 0, err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 {
		return int(stat.Uid), int(stat.Gid), nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if found, err := user.Lookup(name); err == nil {
			uid, uidErr := strconv.Atoi(found.Uid)
			gid, gidErr := strconv.Atoi(found.Gid)
			return uid, gid, errors.Join(uidErr, gidErr)
		}
	}
	return 0, 0, errors.New("a Postgres server does not run as root, and there is neither a user postgres nor a user nobody: " +
		"start connectd as another user, or set DATABASE_URL")
}

// giveAway makes uid the owner of all that is in f. Whoever owned it before, os.Root keeps a link that they put there from
// leading out of it.
func giveAway(f folder, uid, gid int) error {
	root, err := os.OpenRoot(string(f))
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = chown(root, path, uid, gid)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a file of a server that is stopping
		}
		return err
	})
}

func chown(root *os.Root, path string, uid, gid int) error {
	info, err := root.Lstat(path)
	if err != nil || ownerOf(info) == uid {
		return err
	}
	return root.Lchown(path, uid, gid)
}
