package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrStateFileInUse says that another process has the state file.
var ErrStateFileInUse = errors.New("state file is in use by another process")

// journal is the state file: one change a line, each written with one write(2), which a kill of this process can't take
// back. Without a path it keeps nothing.
type journal struct {
	path string
	lock *os.File
	file *os.File
	size int64
	// rewriteAt is the size from which the file is worth writing anew.
	rewriteAt int64
	// broken is set where a half-written line could not be cut off again: what would follow it could not be read.
	broken error
}

// openJournal takes the file for this process, applies what it holds to w and writes it anew in its shortest form.
func openJournal(ctx context.Context, path string, w *world) (*journal, error) {
	if path == "" {
		return &journal{}, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the state file's folder: %w", err)
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	file, size, err := reopen(ctx, path, w)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("state file %s: %w", path, err), lock.Close())
	}
	return &journal{path: path, lock: lock, file: file, size: size}, nil
}

// lockFile locks a file beside the state file, for that one is replaced by a rename whenever it is written anew.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrStateFileInUse
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return f, nil
}

func reopen(ctx context.Context, path string, w *world) (*os.File, int64, error) {
	if err := replayFile(ctx, path, w); err != nil {
		return nil, 0, err
	}
	next, size, err := writeNext(ctx, path, w)
	if err != nil {
		return nil, 0, err
	}
	if err := replaceBy(next, path); err != nil {
		return nil, 0, errors.Join(err, next.Close(), os.Remove(next.Name()))
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return nil, 0, errors.Join(err, next.Close())
	}
	return next, size, nil
}

func replayFile(ctx context.Context, path string, w *world) error {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // only read
	return replay(ctx, file, w)
}

// replay applies the changes in order. A last line without its end was torn by a kill in the middle of its write, so
// nobody was answered on the strength of it: it is left out.
func replay(ctx context.Context, changes io.Reader, w *world) error {
	reader := bufio.NewReaderSize(changes, 1<<20)
	for n := 1; ctx.Err() == nil; n++ {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read line %d: %w", n, err)
		}
		if err := applyLine(w, line); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return ctx.Err()
}

func applyLine(w *world, line []byte) error {
	var c change
	if err := json.Unmarshal(line, &c); err != nil {
		return fmt.Errorf("parse a change: %w", err)
	}
	w.apply(&c)
	return nil
}

func (j *journal) append(c *change) error {
	if j.file == nil {
		return nil
	}
	if j.broken != nil {
		return j.broken
	}
	line, err := encode(c)
	if err != nil {
		return err
	}
	if bytes.Equal(line, []byte("{}")) {
		return nil
	}
	n, err := j.file.Write(append(line, '\n'))
	if err != nil {
		return j.undo(err)
	}
	j.size += int64(n)
	return nil
}

// undo cuts off what a failed write has left.
func (j *journal) undo(cause error) error {
	if err := j.file.Truncate(j.size); err != nil {
		j.broken = fmt.Errorf("state file can't be written any more: %w", errors.Join(cause, err))
		return j.broken
	}
	return cause
}

func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	return errors.Join(j.file.Sync(), j.file.Close(), j.lock.Close())
}
