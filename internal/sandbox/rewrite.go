package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// rewriter writes the state file anew, in its shortest form, once it has grown enough, while changes go on being
// appended to it. It reads the file and never the world, so that no request waits for it; only its last step, which syncs
// the few last lines and renames the file, keeps changes waiting.
type rewriter struct {
	from   int64
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	// running is guarded by state.writing.
	running bool
}

// newRewriter takes the size from which a file is worth it at all.
func newRewriter(from int64) rewriter {
	ctx, cancel := context.WithCancel(context.Background())
	return rewriter{from: from, ctx: ctx, cancel: cancel}
}

// nextAt is the size at which a file of this size has grown enough.
func (r *rewriter) nextAt(size int64) int64 {
	return max(r.from, 2*size)
}

// stopRewriting gives up what is being written, which changes nothing.
func (s *state) stopRewriting() {
	s.writing.Lock()
	s.rewriter.cancel()
	s.writing.Unlock()
	s.rewriter.wg.Wait()
}

// rewriteWhereWorthwhile is for whoever holds s.writing.
func (s *state) rewriteWhereWorthwhile() {
	if s.rewriter.running || s.journal.file == nil || s.journal.size < s.journal.rewriteAt || s.rewriter.ctx.Err() != nil {
		return
	}
	s.rewriter.running = true
	upTo := s.journal.size
	s.rewriter.wg.Go(func() {
		err := s.rewrite(upTo)
		if err != nil && s.rewriter.ctx.Err() == nil {
			s.logger.Error("state file can't be written anew: it goes on growing", "path", s.journal.path, "error", err)
		}
		s.endRewrite()
	})
}

// endRewrite waits for the file to double, also where it could not be written anew.
func (s *state) endRewrite() {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.rewriter.running = false
	s.journal.rewriteAt = s.rewriter.nextAt(s.journal.size)
}

// rewrite replaces the file, whose first upTo bytes become a world and that world's snapshot. What was appended since
// follows as it is.
func (s *state) rewrite(upTo int64) error {
	old, err := os.Open(s.journal.path)
	if err != nil {
		return err
	}
	defer old.Close() //nolint:errcheck // only read
	w := newWorld(newClock(s.world.clock.base))
	if err := replay(s.rewriter.ctx, io.NewSectionReader(old, 0, upTo), w); err != nil {
		return err
	}
	file, size, err := writeNext(s.rewriter.ctx, s.journal.path, w)
	if err != nil {
		return err
	}
	next := &successor{old: old, file: file, copied: upTo, size: size}
	if err := s.handOver(next); err != nil {
		return errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	return syncFolder(filepath.Dir(s.journal.path))
}

// handOver has what takes long behind it when it makes changes wait.
func (s *state) handOver(next *successor) error {
	if err := s.follow(next); err != nil {
		return err
	}
	if err := next.file.Sync(); err != nil {
		return err
	}
	if err := s.follow(next); err != nil {
		return err
	}
	return s.succeed(next)
}

// successor is what is to take the state file's place: it says all that the first copied bytes of the old one say.
type successor struct {
	old    *os.File
	file   *os.File
	copied int64
	size   int64
}

// follow copies what was appended until now, which is all but what comes while it is being copied.
func (s *state) follow(next *successor) error {
	s.writing.Lock()
	upTo := s.journal.size // beyond it may be a line that will be taken back
	s.writing.Unlock()
	return next.copyUpTo(upTo)
}

func (next *successor) copyUpTo(end int64) error {
	n, err := io.Copy(next.file, io.NewSectionReader(next.old, next.copied, end-next.copied))
	next.copied += n
	next.size += n
	if err != nil {
		return fmt.Errorf("write %s: %w", next.file.Name(), err)
	}
	return nil
}

// succeed puts it in the state file's place with all that was answered until then.
func (s *state) succeed(next *successor) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	j := s.journal
	if err := next.copyUpTo(j.size); err != nil {
		return err
	}
	if err := replaceBy(next.file, j.path); err != nil {
		return err
	}
	j.file.Close() //nolint:errcheck // nobody reads it any more
	j.file, j.size = next.file, next.size
	return nil
}
