package access

import (
	"context"
	"sync"
	"time"

	"github.com/connectd/connectd/internal/db"
)

const (
	noteEvery     = time.Minute // of one key
	noteWithin    = time.Second
	noteLookEvery = time.Second
)

// uses is when keys were last used, to the minute. It is for people to look at: no request waits for it, or fails by it.
type uses struct {
	mu    sync.Mutex
	noted map[string]time.Time // by key id
	due   []string             // to be written down
}

func (u *uses) note(keyID string, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if last, ok := u.noted[keyID]; ok && now.Sub(last) < noteEvery {
		return
	}
	u.noted[keyID] = now
	u.due = append(u.due, keyID)
}

func (u *uses) take() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	due := u.due
	u.due = nil
	return due
}

// keepNoting writes uses down, and at the end those that are left, of callers who came during a write too.
func (k *Keys) keepNoting() {
	ctx := context.WithoutCancel(k.running)
	again := time.NewTicker(noteLookEvery)
	defer again.Stop()
	for {
		select {
		case <-again.C:
			k.noteUses(ctx)
		case <-k.running.Done():
			k.noteUses(ctx)
			return
		}
	}
}

func (k *Keys) noteUses(ctx context.Context) {
	due := k.uses.take()
	if len(due) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, noteWithin)
	defer cancel()
	if err := k.q.TouchAPIKeys(ctx, db.TouchAPIKeysParams{Ids: due, At: k.storableNow()}); err != nil {
		k.logger.WarnContext(ctx, "the last use of API keys could not be stored", "keys", due, "error", err)
	}
}
