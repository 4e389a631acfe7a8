package postgres

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// roomForCluster is what a new data folder takes, and a little to begin with, in bytes; initdb ends without a word about it
// where there is less.
const roomForCluster = 100 << 20

func ensureRoom(dir string) error {
	var disk unix.Statfs_t
	if err := unix.Statfs(dir, &disk); err != nil {
		return fmt.Errorf("look for room in %s: %w", dir, err)
	}
	free := disk.Bavail * uint64(disk.Bsize)
	if free < roomForCluster {
		return fmt.Errorf("the disk of %s has %d MB free, and a new data folder takes %d: make room, name another folder with --data-dir, or set DATABASE_URL",
			dir, free>>20, roomForCluster>>20)
	}
	return nil
}
