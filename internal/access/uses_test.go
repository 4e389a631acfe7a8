package access_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/db"
)

// busy is a database whose first write begins, and waits until it is let.
type busy struct {
	db.DBTX
	begun, let chan struct{}
	once       sync.Once
}

func (b *busy) Exec(ctx context.Context, text string, args ...any) (pgconn.CommandTag, error) {
	b.once.Do(func() { close(b.begun); <-b.let })
	return b.DBTX.Exec(ctx, text, args...)
}

// TestWhatIsUsedDuringAWriteIsStoredAtTheEnd too.
func TestWhatIsUsedDuringAWriteIsStoredAtTheEnd(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	first := k.create(access.KeyParams{Name: "first", Scopes: access.Scopes()})
	second := k.create(access.KeyParams{Name: "second", Scopes: access.Scopes()})
	database := &busy{DBTX: k.pool, begun: make(chan struct{}), let: make(chan struct{})}
	keys := access.NewKeys(db.New(database), k.clock.now, slog.New(slog.DiscardHandler))
	if _, err := keys.Check(t.Context(), first.Secret); err != nil {
		t.Fatal(err)
	}
	<-database.begun
	if _, err := keys.Check(t.Context(), second.Secret); err != nil {
		t.Fatal(err)
	}
	closed := make(chan error)
	go func() { closed <- keys.Close(context.WithoutCancel(t.Context())) }()
	<-keys.Closing()
	close(database.let)
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	for _, key := range k.list() {
		if key.LastUsedAt == nil {
			t.Errorf("the use of %s is lost", key.Name)
		}
	}
}
