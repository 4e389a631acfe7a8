package postgrestest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// A database takes 9 MB, the write-ahead log up to 512.
const roomNeeded = 2 << 30

// sharedFolder is the shared server's folder. It is a temporary one, since root's cache folder is closed to whom Postgres
// runs as. Anyone may write where it stands, so a folder that someone else put in its place is refused.
func sharedFolder() (string, error) {
	dir := filepath.Join(FastTempDir(), "connectd-test-postgres-"+strconv.Itoa(os.Getuid()))
	if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
		return "", err
	}
	return filepath.Join(dir, "server"), refuseStranger(dir)
}

// FastTempDir is where the data of short-lived servers goes: memory where Linux offers enough of it and TMPDIR names no
// other place, else os.TempDir. A database is 300 files, and on a disk most of a test's time goes into creating them.
func FastTempDir() string {
	const memory = "/dev/shm"
	var stat syscall.Statfs_t
	if os.Getenv("TMPDIR") != "" || syscall.Statfs(memory, &stat) != nil {
		return os.TempDir()
	}
	if stat.Bavail < roomNeeded/uint64(stat.Bsize) || syscall.Access(memory, 2) != nil {
		return os.TempDir()
	}
	return memory
}

func refuseStranger(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || ok && int(stat.Uid) != os.Getuid() {
		return fmt.Errorf("%s is not a folder of this user: remove it", dir)
	}
	return nil
}
