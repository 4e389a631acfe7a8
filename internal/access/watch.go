package access

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// watch has the uses of keys that go on for longer than a request.
type watch struct {
	mu   sync.Mutex
	uses map[string]map[*use]bool // by key id
}

type use struct{ end context.CancelCauseFunc }

// While returns a context for a long use of the key: it also ends, with the cause ErrBadKey, within a second of the key's
// being revoked or expiring. While the database can't be asked, it goes on: what it could tell is not known here either. The
// caller calls stop.
func (k *Keys) While(ctx context.Context, keyID string) (while context.Context, stop context.CancelFunc) {
	k.begin()
	while, end := context.WithCancelCause(ctx)
	u := &use{end}
	k.watch.begin(keyID, u)
	return while, func() {
		k.watch.finish(keyID, u)
		end(context.Canceled)
	}
}

func (w *watch) begin(keyID string, u *use) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.uses[keyID] == nil {
		w.uses[keyID] = map[*use]bool{}
	}
	w.uses[keyID][u] = true
}

func (w *watch) finish(keyID string, u *use) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.uses[keyID], u)
	if len(w.uses[keyID]) == 0 {
		delete(w.uses, keyID)
	}
}

// keys are those in long use.
func (w *watch) keys() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(w.uses))
}

// end ends the uses of those asked about that can't be used. A key that was made, and is used, since the others were read is
// none of them.
func (w *watch) end(asked []string, known *knownKeys) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range asked {
		if known.byID[id] {
			continue
		}
		for u := range w.uses[id] {
			u.end(ErrBadKey)
		}
	}
}
