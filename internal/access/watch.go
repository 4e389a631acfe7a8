package access

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/connectd/connectd/internal/db"
)

// watchEvery is how often the keys in long use are looked at; what uses a key that has ended goes on for no second more.
const watchEvery = 250 * time.Millisecond

// watch looks after the keys whose use goes on for longer than a request: all of them with one statement, and only while
// there are any.
type watch struct {
	mu     sync.Mutex
	uses   map[string]map[*use]bool // by key id
	stop   context.CancelFunc       // stops looking; nil where nobody looks
	failed bool                     // the last look
}

type use struct{ end context.CancelCauseFunc }

// While returns a context for a long use of the key: it also ends, with the cause ErrBadKey, within a second of the key's
// being revoked or expiring. While the database can't be asked, it goes on. The caller calls stop.
func (k *Keys) While(ctx context.Context, keyID string) (while context.Context, stop context.CancelFunc) {
	while, end := context.WithCancelCause(ctx)
	u := &use{end}
	k.begin(keyID, u)
	return while, func() {
		k.finish(keyID, u)
		end(context.Canceled)
	}
}

func (k *Keys) begin(keyID string, u *use) {
	w := &k.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.uses[keyID] == nil {
		w.uses[keyID] = map[*use]bool{}
	}
	w.uses[keyID][u] = true
	if w.stop == nil {
		var ctx context.Context
		ctx, w.stop = context.WithCancel(context.Background())
		go k.lookAfter(ctx)
	}
}

func (k *Keys) finish(keyID string, u *use) {
	w := &k.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.uses[keyID], u)
	if len(w.uses[keyID]) == 0 {
		delete(w.uses, keyID)
	}
	if len(w.uses) == 0 && w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

func (k *Keys) lookAfter(ctx context.Context) {
	again := time.NewTicker(watchEvery)
	defer again.Stop()
	for {
		select {
		case <-again.C:
			k.endUnusable(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// endUnusable ends the uses of keys that have ended.
func (k *Keys) endUnusable(ctx context.Context) {
	asked := k.watch.keys()
	usable, err := k.usable(ctx, asked)
	if ctx.Err() != nil {
		return
	}
	if k.watch.changes(err != nil) && err != nil {
		k.logger.WarnContext(ctx, "whether keys in use were revoked can't be told; trying until it can", "error", err)
	}
	if err == nil {
		k.watch.end(slices.DeleteFunc(asked, func(id string) bool { return slices.Contains(usable, id) }))
	}
}

// usable are those of the keys that can be used.
func (k *Keys) usable(ctx context.Context, ids []string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	usable, err := k.q.KeysInUse(ctx, db.KeysInUseParams{Ids: ids, At: k.storableNow()})
	if err != nil {
		return nil, fmt.Errorf("read API keys: %w", err)
	}
	return usable, nil
}

func (w *watch) keys() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(w.uses))
}

func (w *watch) end(keyIDs []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range keyIDs {
		for u := range w.uses[id] {
			u.end(ErrBadKey)
		}
	}
}

// changes notes whether the last look failed, and reports whether that is news.
func (w *watch) changes(failed bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := w.failed
	w.failed = failed
	return was != failed
}
