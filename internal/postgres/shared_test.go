package postgres

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

const briefly = 300 * time.Millisecond

func share(t *testing.T, dir string) *Shared {
	t.Helper()
	shared, err := shareServer(t.Context(), dir, slog.New(slog.DiscardHandler), briefly)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shared.Close() })
	return shared
}

// waitUnheld returns once no supervisor holds dir.
func waitUnheld(t *testing.T, dir string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	file, err := folder(dir).lock(ctx, holderName, syscall.LOCK_EX)
	if err != nil {
		t.Fatalf("the shared server goes on: %v", err)
	}
	file.Close()
}

func sharedDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shared")
	t.Cleanup(func() { waitUnheld(t, dir) })
	return dir
}

func ping(t *testing.T, shared *Shared) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), shared.URL())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAllWhoComeAtOnceShareOneServer(t *testing.T) {
	t.Parallel()
	dir := sharedDir(t)
	urls := make([]string, 6)
	var group errgroup.Group

	for i := range urls {
		group.Go(func() error {
			shared, err := shareServer(t.Context(), dir, slog.New(slog.DiscardHandler), briefly)
			if err != nil {
				return err
			}
			t.Cleanup(func() { shared.Close() })
			urls[i] = shared.URL()
			return nil
		})
	}

	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, url := range urls {
		if url != urls[0] {
			t.Fatal("two servers were started")
		}
	}
}

func TestSharedServerGoesOnWhileAnyoneUsesIt(t *testing.T) {
	t.Parallel()
	dir, unused := sharedDir(t), sharedDir(t)
	first, second := share(t, dir), share(t, dir)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}

	// Another that nobody uses stops in that time.
	if err := share(t, unused).Close(); err != nil {
		t.Fatal(err)
	}
	waitUnheld(t, unused)

	ping(t, second)
}

func TestUnusedSharedServerStopsAndStartsAnew(t *testing.T) {
	t.Parallel()
	dir := sharedDir(t)
	first := share(t, dir)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}

	waitUnheld(t, dir)

	if _, err := os.Stat(folder(dir).data()); !os.IsNotExist(err) {
		t.Errorf("its data is still there (%v)", err)
	}
	ping(t, share(t, dir))
}

func TestCrashedSharedServerIsReplaced(t *testing.T) {
	t.Parallel()
	dir := sharedDir(t)
	first := share(t, dir)
	h, held, err := folder(dir).currentHolder()
	if err != nil || !held {
		t.Fatalf("nobody holds the folder (%v)", err)
	}
	if err := syscall.Kill(h.Supervisor, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitUnheld(t, dir)

	second := share(t, dir)

	ping(t, second)
	if err := first.Close(); err != nil {
		t.Error(err)
	}
}

func TestWhatACrashedMachineLeftIsThrownAway(t *testing.T) {
	t.Parallel()
	dir := sharedDir(t)
	for name, text := range map[string]string{
		"holder.json":         `{"pid": 1, "supervisor": 1, "port": 1, "state": "ready"}`,
		"data/PG_VERSION":     "9\n",
		"data/postmaster.pid": "1\n",
		"data.new/PG_VERSION": "15\n",
		"users.lock":          "",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	ping(t, share(t, dir))
}
