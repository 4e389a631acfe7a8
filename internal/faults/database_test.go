//go:build faults

package faults

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sys/unix"

	"github.com/connectd/connectd/internal/postgres"
)

// diskSize is what the data and the write-ahead log may take.
const diskSize = 1 << 30

// database is a Postgres with all its durability, on a file system of its own. One fault at a time uses it.
type database struct {
	disk   string
	config postgres.ServerConfig
	url    *url.URL
	pool   *pgxpool.Pool // straight to it, for who looks

	mu     sync.Mutex
	server *postgres.Server
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	d := &database{disk: mountDisk(t)}
	d.config = postgres.ServerConfig{
		DataDir: filepath.Join(d.disk, "postgres"), Port: freePort(t), Logger: slog.New(slog.DiscardHandler),
	}
	if err := d.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.server.Stop(context.Background()) })
	at, err := url.Parse(d.server.URL())
	if err != nil {
		t.Fatal(err)
	}
	d.url = at
	if d.pool, err = pgxpool.New(t.Context(), d.server.URL()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.pool.Close)
	return d
}

// mountDisk makes a file system in memory that can be made full.
func mountDisk(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "connectd-disk-") //nolint:usetesting // where the server's own user can enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(dir) })
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, sized(diskSize)+",mode=0755"); err != nil {
		t.Fatalf("mount a disk that can be filled: %v: run these tests as root, or in a container that may mount", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func sized(bytes uint64) string { return "size=" + strconv.FormatUint(bytes, 10) }

// fill leaves no page of the disk free.
func (d *database) fill() error {
	var err error
	for range 20 { // it grows meanwhile, and can't be made smaller than it is
		var now unix.Statfs_t
		if err = unix.Statfs(d.disk, &now); err != nil {
			return err
		}
		used := (now.Blocks - now.Bfree) * uint64(now.Bsize)
		if err = unix.Mount("tmpfs", d.disk, "tmpfs", unix.MS_REMOUNT, sized(used)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("fill the disk: %w", err)
}

// empty makes room, and has Postgres run if the full disk has ended it.
func (d *database) empty(ctx context.Context) error {
	if err := unix.Mount("tmpfs", d.disk, "tmpfs", unix.MS_REMOUNT, sized(diskSize)); err != nil {
		return fmt.Errorf("make room on the disk: %w", err)
	}
	return d.start(ctx)
}

// start starts Postgres unless it runs.
func (d *database) start(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.server != nil {
		select {
		case <-d.server.Done():
		default:
			return nil
		}
	}
	server, err := postgres.StartServer(ctx, d.config)
	if err != nil {
		return err
	}
	d.server = server
	return nil
}

// kill kills all of Postgres at once, as where the machine's memory is used up.
func (d *database) kill() error {
	text, err := os.ReadFile(filepath.Join(d.config.DataDir, "data", "postmaster.pid"))
	if err != nil {
		return fmt.Errorf("find the postmaster: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	postmaster, err := strconv.Atoi(first)
	if err != nil {
		return fmt.Errorf("find the postmaster: %w", err)
	}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", postmaster))
	if err := syscall.Kill(postmaster, syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill the postmaster: %w", err)
	}
	for _, field := range strings.Fields(string(children)) {
		if pid, err := strconv.Atoi(field); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended with the postmaster
		}
	}
	<-d.server.Done()
	return nil
}

// by is the database's URL by way of a link.
func (d *database) by(l *link) string {
	through := *d.url
	through.Host = l.address()
	return through.String()
}
