package sandbox

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// unsyncable makes a file that takes writes and can't be synced: a pipe, which has no disk (fsync(2): EINVAL).
func unsyncable(t *testing.T, path string) *os.File {
	t.Helper()
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pipe.Close() }) // also where the test has closed it
	return pipe
}

// keptState is a state file that holds an account, and its content.
func keptState(t *testing.T) (path string, content string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "state.jsonl")
	s := startKept(t, path)
	s.answers(t, "POST", "/sandbox/accounts", `{"persona":"complete","id":"acct_1kept"}`)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	return path, contentOf(t, path)
}

func contentOf(t *testing.T, path string) string {
	t.Helper()
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		t.Fatalf("the state file was replaced: %v %v", info.Mode(), err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestStateFileThatCannotBeSyncedReplacesNothing(t *testing.T) {
	t.Parallel()
	path, before := keptState(t)
	unsyncable(t, path+nextSuffix)
	if s, err := Start(t.Context(), Config{StateFile: path}); err == nil {
		t.Errorf("started on a file that is not on disk: %v", s.Stop(t.Context()))
	}
	if after := contentOf(t, path); after != before {
		t.Errorf("the state file was\n%s\nis\n%s", before, after)
	}
}

// TestTailThatCannotBeSyncedReplacesNothing: what is copied while changes wait is synced too.
func TestTailThatCannotBeSyncedReplacesNothing(t *testing.T) {
	t.Parallel()
	path, before := keptState(t)
	s, err := openState(t.Context(), Config{StateFile: path}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	old, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = old.Close() })
	next := &successor{old: old, file: unsyncable(t, path+nextSuffix)}
	if err := s.succeed(next); err == nil {
		t.Error("a file that is not on disk took the state file's place")
	}
	if after := contentOf(t, path); after != before {
		t.Errorf("the state file was\n%s\nis\n%s", before, after)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}
